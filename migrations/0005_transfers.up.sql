-- A final transfer is recorded once, and a network's cursor moves with what was read.

CREATE TABLE transfers (
	network     text NOT NULL,
	txid        text COLLATE "C" NOT NULL,
	idx         bigint NOT NULL CHECK (idx >= 0),
	symbol      text NOT NULL,
	contract    text NOT NULL,
	decimals    smallint NOT NULL,
	sender      text NOT NULL,
	receiver    text NOT NULL,
	units       numeric(78, 0) NOT NULL CHECK (units > 0 AND units < 'NaN'),
	height      bigint NOT NULL CHECK (height >= 0),
	block_id    text NOT NULL,
	block_time  timestamptz NOT NULL,
	project_id  uuid,
	session_id  uuid,
	intent_id   uuid,
	disposition text NOT NULL CHECK (disposition IN
		('settled', 'held', 'duplicate', 'unmatched', 'reversed')),
	order_no    text NOT NULL,
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (network, txid, idx)
);
CREATE INDEX transfers_above ON transfers (network, height, idx) WHERE disposition <> 'reversed';
CREATE INDEX transfers_of_session ON transfers (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX transfers_queue ON transfers (project_id, recorded_at, height, idx, txid)
	WHERE disposition IN ('held', 'duplicate', 'unmatched');

CREATE TABLE sightings (
	network    text NOT NULL,
	txid       text COLLATE "C" NOT NULL,
	idx        bigint NOT NULL CHECK (idx >= 0),
	symbol     text NOT NULL,
	contract   text NOT NULL,
	decimals   smallint NOT NULL,
	sender     text NOT NULL,
	receiver   text NOT NULL,
	units      numeric(78, 0) NOT NULL CHECK (units > 0 AND units < 'NaN'),
	height     bigint NOT NULL CHECK (height >= 0),
	block_id   text NOT NULL,
	block_time timestamptz NOT NULL,
	session_id uuid NOT NULL,
	PRIMARY KEY (network, txid, idx)
);
CREATE INDEX sightings_of_session ON sightings (session_id);

CREATE TABLE cursors (
	network    text PRIMARY KEY,
	height     bigint NOT NULL CHECK (height >= 0),
	block_id   text NOT NULL,
	block_time timestamptz NOT NULL,
	updated_at timestamptz NOT NULL
);

CREATE TABLE cursor_trail (
	network    text NOT NULL,
	height     bigint NOT NULL CHECK (height >= 0),
	block_id   text NOT NULL,
	block_time timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	PRIMARY KEY (network, height)
);
