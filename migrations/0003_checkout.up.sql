-- An exact amount at an address is held by at most one intent, whatever races for it.
--
-- Sessions and intents are written with every payment and never deleted, so references between them
-- are checked by the statements that write them, not by foreign keys that would lock and rewrite the
-- row referred to.

CREATE TABLE sessions (
	id          uuid PRIMARY KEY,
	merchant_id uuid NOT NULL,
	project_id  uuid NOT NULL,
	mode        text NOT NULL CHECK (mode IN ('test', 'live')),
	kind        text NOT NULL CHECK (kind <> ''),
	due_currency text NOT NULL CHECK (due_currency LIKE '_%/_%'),
	due_amount  numeric(78, 0) NOT NULL CHECK (due_amount > 0 AND due_amount < 'NaN'),
	method      text NOT NULL,
	description text NOT NULL,
	order_id    text COLLATE "C" NOT NULL,
	metadata    jsonb,
	success_url text NOT NULL,
	fail_url    text NOT NULL,
	status      text NOT NULL CHECK (status IN
		('open', 'awaiting', 'processing', 'settled', 'expired', 'cancelled')),
	created_at  timestamptz NOT NULL,
	expires_at  timestamptz NOT NULL CHECK (expires_at > created_at),
	updated_at  timestamptz NOT NULL,
	version     bigint NOT NULL CHECK (version > 0),
	intent_id   uuid,
	receipt_intent_id  uuid,
	receipt_network    text,
	receipt_txid       text,
	receipt_idx        bigint,
	receipt_sender     text,
	receipt_units      numeric(78, 0) CHECK (receipt_units > 0 AND receipt_units < 'NaN'),
	receipt_height     bigint,
	receipt_block_time timestamptz,
	receipt_order_no   text,
	receipt_late       boolean,
	CHECK (intent_id IS NOT NULL OR status NOT IN ('awaiting', 'processing')),
	CONSTRAINT sessions_receipt_when_settled CHECK (
		(status = 'settled') = (receipt_txid IS NOT NULL) AND num_nulls(
			receipt_intent_id, receipt_network, receipt_txid, receipt_idx, receipt_sender,
			receipt_units, receipt_height, receipt_block_time, receipt_order_no, receipt_late
		) IN (0, 10))
);
CREATE UNIQUE INDEX sessions_order_id ON sessions (project_id, mode, order_id) WHERE order_id <> '';
CREATE INDEX sessions_listed ON sessions (merchant_id, mode, created_at, id);
CREATE INDEX sessions_due ON sessions (expires_at, id) WHERE status IN ('open', 'awaiting');

CREATE TABLE intents (
	id          uuid PRIMARY KEY,
	session_id  uuid NOT NULL,
	project_id  uuid NOT NULL,
	method      text NOT NULL CHECK (method <> ''),
	network     text NOT NULL CHECK (network <> ''),
	symbol      text NOT NULL,
	contract    text NOT NULL,
	decimals    smallint NOT NULL CHECK (decimals >= 0),
	address     text NOT NULL CHECK (address <> ''),
	units       numeric(78, 0) NOT NULL CHECK (units > 0 AND units < 'NaN'),
	rate_from   text NOT NULL,
	rate_to     text NOT NULL,
	rate_price  numeric NOT NULL CHECK (rate_price > 0 AND rate_price < 'Infinity'),
	rate_source text NOT NULL,
	rate_at     timestamptz NOT NULL,
	created_at  timestamptz NOT NULL,
	expires_at  timestamptz NOT NULL,
	hold_until  timestamptz NOT NULL,
	held        boolean NOT NULL
);
-- Address before contract: the same index answers which addresses have anything held.
CREATE UNIQUE INDEX intents_held ON intents (network, address, contract, units) WHERE held;
CREATE INDEX intents_let_go ON intents (hold_until, id) WHERE held;
CREATE INDEX intents_watched ON intents (network, address, hold_until);
CREATE INDEX intents_owner ON intents (network, address, created_at, id);
