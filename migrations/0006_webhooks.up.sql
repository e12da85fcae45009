-- What is owed to an endpoint, and every attempt to pay it, is on record.

CREATE TABLE webhook_endpoints (
	id            text COLLATE "C" PRIMARY KEY,
	number        bigint GENERATED ALWAYS AS IDENTITY,
	merchant_id   uuid NOT NULL,
	project_id    uuid NOT NULL REFERENCES projects (id),
	mode          text NOT NULL CHECK (mode IN ('test', 'live')),
	url           text NOT NULL CHECK (url <> ''),
	types         text[] NOT NULL,
	description   text NOT NULL,
	secret        bytea NOT NULL CHECK (length(secret) > 0),
	older_secret  bytea,
	second_until  timestamptz,
	enabled       boolean NOT NULL,
	disabled_for  text NOT NULL,
	failures      integer NOT NULL CHECK (failures >= 0),
	failing_since timestamptz,
	created_at    timestamptz NOT NULL
);
CREATE INDEX webhook_endpoints_of_project ON webhook_endpoints (project_id, mode, created_at, number);

CREATE TABLE webhook_events (
	id          text COLLATE "C" PRIMARY KEY,
	merchant_id uuid NOT NULL,
	project_id  uuid NOT NULL,
	mode        text NOT NULL CHECK (mode IN ('test', 'live')),
	type        text NOT NULL CHECK (type <> ''),
	session_id  text COLLATE "C" NOT NULL,
	version     bigint NOT NULL,
	body        bytea NOT NULL CHECK (length(body) > 0),
	created_at  timestamptz NOT NULL
);
CREATE INDEX webhook_events_listed ON webhook_events (project_id, mode, created_at, id);
CREATE INDEX webhook_events_of_session ON webhook_events (session_id, created_at, id)
	WHERE session_id <> '';

CREATE TABLE webhook_deliveries (
	id          text COLLATE "C" PRIMARY KEY,
	number      bigint GENERATED ALWAYS AS IDENTITY,
	event_id    text COLLATE "C" NOT NULL,
	event_at    timestamptz NOT NULL,
	endpoint_id text COLLATE "C" NOT NULL,
	merchant_id uuid NOT NULL,
	status      text NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
	attempts    integer NOT NULL CHECK (attempts >= 0),
	round       integer NOT NULL CHECK (round >= 0),
	next_at     timestamptz,
	updated_at  timestamptz NOT NULL
);
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id, number);
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, event_at, number);

CREATE TABLE webhook_attempts (
	delivery_id text COLLATE "C" NOT NULL,
	number      integer NOT NULL CHECK (number > 0),
	at          timestamptz NOT NULL,
	took_ns     bigint NOT NULL CHECK (took_ns >= 0),
	status_code integer NOT NULL,
	outcome     text NOT NULL CHECK (outcome <> ''),
	answer      text NOT NULL,
	PRIMARY KEY (delivery_id, number)
);
