-- A merchant has members with roles, second factors and visits to the dashboard; what they do is logged for good.

CREATE TABLE members (
	id            uuid PRIMARY KEY,
	merchant_id   uuid NOT NULL REFERENCES merchants (id),
	email         text NOT NULL CHECK (email <> ''),
	role          text NOT NULL CHECK (role IN ('owner', 'developer', 'accountant', 'viewer')),
	password_hash text NOT NULL,
	created_at    timestamptz NOT NULL,
	removed_at    timestamptz
);
CREATE UNIQUE INDEX members_email ON members (email) WHERE removed_at IS NULL;
CREATE INDEX members_of_merchant ON members (merchant_id, created_at, id);

-- Whoever opened an account owns it.
INSERT INTO members (id, merchant_id, email, role, password_hash, created_at)
	SELECT gen_random_uuid(), id, email, 'owner', password_hash, created_at FROM merchants;

-- NULL in logins of before, and of the version before.
ALTER TABLE logins ADD COLUMN member_id uuid;

CREATE TABLE member_factors (
	member_id      uuid PRIMARY KEY REFERENCES members (id),
	totp_sealed    bytea,
	totp_confirmed timestamptz,
	totp_last_step bigint NOT NULL,
	recovery       bytea NOT NULL CHECK (length(recovery) % 32 = 0), -- digests, one after the other
	CHECK (totp_confirmed IS NULL OR totp_sealed IS NOT NULL)
);

CREATE TABLE member_passkeys (
	id         bytea PRIMARY KEY CHECK (length(id) > 0),
	member_id  uuid NOT NULL REFERENCES members (id),
	label      text NOT NULL,
	credential bytea NOT NULL,
	created_at timestamptz NOT NULL,
	used_at    timestamptz
);
CREATE INDEX member_passkeys_of_member ON member_passkeys (member_id, created_at, id);

CREATE TABLE member_visits (
	id          uuid PRIMARY KEY,
	merchant_id uuid NOT NULL,
	member_id   uuid NOT NULL REFERENCES members (id),
	digest      bytea NOT NULL CHECK (length(digest) > 0),
	device      text NOT NULL,
	ip          text NOT NULL,
	created_at  timestamptz NOT NULL,
	seen_at     timestamptz NOT NULL,
	proven_at   timestamptz,
	ended_at    timestamptz
);
CREATE UNIQUE INDEX member_visits_digest ON member_visits (digest);
CREATE INDEX member_visits_of_member ON member_visits (member_id, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX member_visits_began ON member_visits (created_at);

CREATE TABLE member_invitations (
	id          uuid PRIMARY KEY,
	merchant_id uuid NOT NULL REFERENCES merchants (id),
	email       text NOT NULL CHECK (email <> ''),
	role        text NOT NULL CHECK (role IN ('owner', 'developer', 'accountant', 'viewer')),
	digest      bytea NOT NULL CHECK (length(digest) > 0),
	invited_by  uuid NOT NULL REFERENCES members (id),
	created_at  timestamptz NOT NULL,
	expires_at  timestamptz NOT NULL,
	ended_at    timestamptz
);
CREATE UNIQUE INDEX member_invitations_digest ON member_invitations (digest);
CREATE INDEX member_invitations_open ON member_invitations (merchant_id, created_at, id) WHERE ended_at IS NULL;

CREATE TABLE passkey_challenges (
	id         text COLLATE "C" PRIMARY KEY,
	sealed     bytea NOT NULL,
	expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_expired ON passkey_challenges (expires_at);

-- The audit log. Like the book it is append-only, and `101pay audit` proves that it was not edited: each
-- entry hashes the one before, and the head says where it ends.
CREATE TABLE journal_heads (
	merchant_id uuid PRIMARY KEY,
	sequence    bigint NOT NULL CHECK (sequence >= 0),
	chain       bytea NOT NULL CHECK (length(chain) = 32)
);

CREATE TABLE journal (
	merchant_id  uuid NOT NULL,
	sequence     bigint NOT NULL CHECK (sequence > 0),
	at           timestamptz NOT NULL,
	member_id    text NOT NULL,
	name         text NOT NULL,
	ip           text NOT NULL,
	device       text NOT NULL,
	action       text NOT NULL CHECK (action <> ''),
	subject      text NOT NULL,
	value_before text NOT NULL,
	value_after  text NOT NULL,
	content      bytea NOT NULL CHECK (length(content) = 32),
	chain        bytea NOT NULL CHECK (length(chain) = 32),
	PRIMARY KEY (merchant_id, sequence)
);
