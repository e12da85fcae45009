-- The sandbox chain survives a restart, and its sealed time never changes.

CREATE TABLE sandbox_seal (
	one   boolean PRIMARY KEY CHECK (one),
	until timestamptz NOT NULL
);
INSERT INTO sandbox_seal (one, until) VALUES (true, 'epoch');

CREATE TABLE sandbox_transfers (
	txid     text COLLATE "C" NOT NULL,
	idx      bigint NOT NULL CHECK (idx >= 0),
	contract text NOT NULL,
	symbol   text NOT NULL,
	sender   text NOT NULL,
	receiver text NOT NULL,
	units    numeric(78, 0) NOT NULL CHECK (units > 0 AND units < 'NaN'),
	mined_at timestamptz NOT NULL,
	gone     boolean NOT NULL,
	PRIMARY KEY (txid, idx)
);
CREATE INDEX sandbox_transfers_mined ON sandbox_transfers (mined_at, txid, idx) WHERE NOT gone;

CREATE TABLE sandbox_reorgs (
	id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at     timestamptz NOT NULL,
	height bigint NOT NULL CHECK (height >= 0)
);

CREATE TABLE sandbox_troubles (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind       text NOT NULL CHECK (kind IN ('node', 'webhook')),
	project_id uuid,
	from_at    timestamptz NOT NULL,
	until_at   timestamptz NOT NULL
);
CREATE INDEX sandbox_troubles_until ON sandbox_troubles (until_at);
