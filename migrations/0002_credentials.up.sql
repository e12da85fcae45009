-- Credentials are kept as keyed digests, unique over the gateway; what must come back is kept sealed.

CREATE TABLE key_pairs (
	id          uuid PRIMARY KEY,
	merchant_id uuid NOT NULL REFERENCES merchants (id),
	project_id  uuid NOT NULL REFERENCES projects (id),
	mode        text NOT NULL CHECK (mode IN ('test', 'live')),
	public_key  text COLLATE "C" NOT NULL CHECK (public_key <> ''),
	label       text NOT NULL,
	digest      bytea NOT NULL CHECK (length(digest) > 0),
	sealed      bytea NOT NULL,
	hint        text NOT NULL,
	created_at  timestamptz NOT NULL,
	revoked_at  timestamptz
);
CREATE UNIQUE INDEX key_pairs_public_key ON key_pairs (public_key);
CREATE UNIQUE INDEX key_pairs_digest ON key_pairs (digest);
CREATE INDEX key_pairs_of_project ON key_pairs (project_id, created_at, id);

CREATE TABLE api_keys (
	merchant_id uuid NOT NULL REFERENCES merchants (id),
	mode        text NOT NULL CHECK (mode IN ('test', 'live')),
	project_id  uuid NOT NULL REFERENCES projects (id),
	digest      bytea NOT NULL CHECK (length(digest) > 0),
	hint        text NOT NULL,
	created_at  timestamptz NOT NULL,
	PRIMARY KEY (merchant_id, mode)
);
CREATE UNIQUE INDEX api_keys_digest ON api_keys (digest);

CREATE TABLE logins (
	id             text COLLATE "C" PRIMARY KEY,
	merchant_id    uuid NOT NULL REFERENCES merchants (id),
	refresh_digest bytea NOT NULL,
	created_at     timestamptz NOT NULL,
	expires_at     timestamptz NOT NULL,
	revoked_at     timestamptz
);
CREATE INDEX logins_ended ON logins (LEAST(expires_at, revoked_at));
