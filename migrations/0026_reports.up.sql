-- Reports by schedule. Books are closed up to where they were told, so that what was told never changes.

-- The constant is no rewrite of the table. What the version before books meanwhile is at its own instant.
ALTER TABLE ledger_heads ADD COLUMN closed_until timestamptz NOT NULL DEFAULT 'epoch';

CREATE TABLE report_schedules (
	id          text COLLATE "C" PRIMARY KEY,
	number      bigint GENERATED ALWAYS AS IDENTITY,
	merchant_id uuid NOT NULL,
	project_id  uuid NOT NULL REFERENCES projects (id),
	mode        text NOT NULL CHECK (mode IN ('test', 'live')),
	every       text NOT NULL CHECK (every IN ('day', 'week', 'month')),
	contents    text NOT NULL CHECK (contents IN ('days', 'assets', 'entries')),
	format      text NOT NULL CHECK (format IN ('csv', 'json')),
	told_until  timestamptz NOT NULL,
	due_at      timestamptz NOT NULL CHECK (due_at > told_until), -- when the period after that is told
	created_at  timestamptz NOT NULL,
	removed_at  timestamptz
);
CREATE INDEX report_schedules_of_project ON report_schedules (project_id, mode, number) WHERE removed_at IS NULL;
CREATE INDEX report_schedules_due ON report_schedules (due_at, id) WHERE removed_at IS NULL;

CREATE TABLE report_runs (
	id          text COLLATE "C" PRIMARY KEY,
	schedule_id text COLLATE "C" NOT NULL REFERENCES report_schedules (id),
	merchant_id uuid NOT NULL,
	project_id  uuid NOT NULL,
	mode        text NOT NULL CHECK (mode IN ('test', 'live')),
	period_from timestamptz NOT NULL,
	period_to   timestamptz NOT NULL CHECK (period_to > period_from),
	contents    text NOT NULL CHECK (contents IN ('days', 'assets', 'entries')),
	format      text NOT NULL CHECK (format IN ('csv', 'json')),
	trial       boolean NOT NULL,
	event_id    text COLLATE "C" NOT NULL CHECK (event_id <> ''),
	lines       integer NOT NULL CHECK (lines >= 0),
	size        integer NOT NULL,
	digest      bytea NOT NULL,
	made_at     timestamptz NOT NULL,
	file        bytea, -- NULL if it would have been too long
	CHECK (CASE WHEN file IS NULL THEN size = 0 ELSE size = octet_length(file) AND digest = sha256(file) END)
);
CREATE UNIQUE INDEX report_runs_period ON report_runs (schedule_id, period_from) WHERE NOT trial;
CREATE INDEX report_runs_of_schedule ON report_runs (schedule_id, made_at, id);
CREATE INDEX report_runs_listed ON report_runs (project_id, mode, made_at, id);
