-- A payment can have an address of its own, and be paid in parts there.

CREATE TABLE address_sources (
	id          uuid PRIMARY KEY,
	merchant_id uuid NOT NULL REFERENCES merchants (id),
	project_id  uuid NOT NULL REFERENCES projects (id),
	family      text NOT NULL CHECK (family <> ''),
	kind        text NOT NULL CHECK (kind IN ('xpub', 'pool')),
	label       text NOT NULL,
	sealed      bytea CHECK ((kind = 'xpub') = (sealed IS NOT NULL)),
	fingerprint text NOT NULL CHECK ((kind = 'xpub') = (fingerprint <> '')),
	first       text[] NOT NULL CHECK (cardinality(first) > 0),
	next_index  bigint NOT NULL CHECK (next_index BETWEEN 0 AND 2147483648),
	created_at  timestamptz NOT NULL,
	active_from timestamptz,
	removed_at  timestamptz
);
CREATE INDEX address_sources_of_project ON address_sources (project_id, created_at, id);
CREATE INDEX address_sources_of_key ON address_sources (family, fingerprint) WHERE kind = 'xpub';
CREATE UNIQUE INDEX address_sources_current
	ON address_sources (project_id, family) WHERE active_from IS NOT NULL AND removed_at IS NULL;
CREATE UNIQUE INDEX address_sources_current_key ON address_sources (family, fingerprint)
	WHERE active_from IS NOT NULL AND removed_at IS NULL AND kind = 'xpub';

-- Rows name the session that has an address now; what it was before is in the intents. A spent one is
-- never given again.
CREATE TABLE dedicated_addresses (
	family     text NOT NULL,
	address    text NOT NULL CHECK (address <> ''),
	source_id  uuid NOT NULL,
	idx        bigint NOT NULL CHECK (idx >= 0),
	session_id uuid,
	issued_at  timestamptz CHECK ((issued_at IS NULL) = (session_id IS NULL)),
	free_from  timestamptz NOT NULL,
	received   boolean NOT NULL DEFAULT false,
	spent      boolean NOT NULL DEFAULT false CHECK (received OR NOT spent),
	PRIMARY KEY (family, address)
);
CREATE UNIQUE INDEX dedicated_index ON dedicated_addresses (source_id, idx);
CREATE INDEX dedicated_free ON dedicated_addresses (source_id, free_from, idx) WHERE NOT spent;
CREATE INDEX dedicated_of_session ON dedicated_addresses (session_id) WHERE session_id IS NOT NULL;

-- At an address of its own an intent is found whatever the amount.
CREATE UNIQUE INDEX intents_dedicated
	ON intents (network, address, contract) WHERE held AND matching = 'dedicated';

-- What arrived for a session and is booked: one exact amount at a shared address, or parts.
ALTER TABLE sessions
	ADD COLUMN paid numeric(78, 0) NOT NULL DEFAULT 0 CHECK (paid >= 0 AND paid < 'NaN'),
	ADD COLUMN parts integer NOT NULL DEFAULT 0 CHECK (parts >= 0),
	ADD COLUMN underpaid_held boolean NOT NULL DEFAULT false,
	ADD COLUMN parts_closed boolean NOT NULL DEFAULT false,
	ADD CHECK ((paid > 0) = (parts > 0));
CREATE INDEX sessions_underpaid ON sessions (project_id, expires_at) WHERE underpaid_held;
UPDATE sessions SET paid = receipt_units, parts = 1 WHERE status = 'settled';

ALTER TABLE transfers DROP CONSTRAINT transfers_disposition_check;
ALTER TABLE transfers ADD CONSTRAINT transfers_disposition_check CHECK (disposition IN
	('settled', 'part', 'held', 'duplicate', 'unmatched', 'reversed'));
