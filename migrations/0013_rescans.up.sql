-- A transfer that waits for a second source says so, and reading the past again survives a restart.

ALTER TABLE transfers
	ADD COLUMN reason text CHECK (reason IN
		('awaiting_second_source', 'sources_disagree', 'no_second_source', 'rescan_missing')),
	ADD CHECK (reason NOT IN ('awaiting_second_source', 'sources_disagree')
		OR disposition IN ('held', 'reversed'));
CREATE INDEX transfers_unproven ON transfers (network, recorded_at, height, idx, txid)
	WHERE disposition = 'held' AND reason IN ('awaiting_second_source', 'sources_disagree');

CREATE TABLE rescans (
	network     text NOT NULL CHECK (network <> ''),
	started_at  timestamptz NOT NULL,
	from_height bigint NOT NULL CHECK (from_height >= 0),
	to_height   bigint NOT NULL CHECK (to_height >= from_height),
	next_height bigint NOT NULL,
	found       integer NOT NULL CHECK (found >= 0),
	missing     integer NOT NULL CHECK (missing >= 0),
	host        text NOT NULL,
	second      boolean NOT NULL,
	updated_at  timestamptz NOT NULL,
	finished_at timestamptz,
	PRIMARY KEY (network, started_at),
	CHECK (next_height BETWEEN from_height AND to_height + 1),
	CHECK (finished_at IS NULL OR next_height = to_height + 1)
);
CREATE UNIQUE INDEX rescans_under_way ON rescans (network) WHERE finished_at IS NULL;

CREATE INDEX cursor_trail_since ON cursor_trail (network, block_time, height);

-- Amounts are let go network by network: one that stands still must not be stepped over for the others.
DROP INDEX intents_let_go;
CREATE INDEX intents_let_go ON intents (network, hold_until, id) WHERE held;
