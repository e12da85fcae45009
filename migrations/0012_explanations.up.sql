-- Whoever asks why a payment is not paid is told what was read until when, and what came instead.

-- What only looks like a payment: of a foreign contract, or of nothing. Kept for a while, so many of
-- an address and day; ignored_days counts the others.
CREATE TABLE ignored_transfers (
	network    text NOT NULL,
	txid       text COLLATE "C" NOT NULL,
	idx        bigint NOT NULL CHECK (idx >= 0),
	contract   text NOT NULL,
	sender     text NOT NULL,
	receiver   text NOT NULL,
	units      numeric(78, 0) NOT NULL CHECK (units >= 0 AND units < 'NaN'),
	height     bigint NOT NULL CHECK (height >= 0),
	block_time timestamptz NOT NULL,
	reason     text NOT NULL CHECK (reason IN ('zero_value', 'foreign_token')),
	PRIMARY KEY (network, txid, idx)
);
CREATE INDEX ignored_arrived ON ignored_transfers (receiver, block_time);
CREATE INDEX ignored_old ON ignored_transfers (block_time);

CREATE TABLE ignored_days (
	network  text NOT NULL,
	receiver text NOT NULL,
	day      date NOT NULL,
	kept     bigint NOT NULL CHECK (kept >= 0),
	more     bigint NOT NULL CHECK (more >= 0),
	PRIMARY KEY (receiver, day, network)
);

-- Blocks read, a few minutes apart, for longer than cursor_trail reaches back.
CREATE TABLE watch_marks (
	network    text NOT NULL,
	height     bigint NOT NULL CHECK (height >= 0),
	block_id   text NOT NULL,
	block_time timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	PRIMARY KEY (network, height)
);
CREATE INDEX watch_marks_at ON watch_marks (network, block_time);

-- Times in which nobody read a network.
CREATE TABLE watch_gaps (
	network text NOT NULL,
	from_at timestamptz NOT NULL,
	until   timestamptz NOT NULL CHECK (until > from_at),
	PRIMARY KEY (network, from_at)
);

-- What came to an address, whoever it belongs to.
CREATE INDEX transfers_arrived ON transfers (receiver, block_time);
CREATE INDEX sightings_arrived ON sightings (receiver);
CREATE INDEX intents_listed ON intents (session_id, created_at, id);

-- A transfer that is nobody's amount is seen coming too.
ALTER TABLE sightings ALTER COLUMN session_id DROP NOT NULL;
