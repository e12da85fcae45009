-- What merchants sell to programs over x402, and the bytes that are delivered.

CREATE TABLE resources (
	id              uuid PRIMARY KEY,
	merchant_id     uuid NOT NULL REFERENCES merchants (id),
	project_id      uuid NOT NULL REFERENCES projects (id),
	mode            text NOT NULL CHECK (mode IN ('test', 'live')),
	sku             text COLLATE "C" NOT NULL CHECK (sku ~ '^[A-Za-z0-9._-]{1,64}$'),
	currency        text NOT NULL CHECK (currency IN ('USDC/6', 'USD/2')),
	price           numeric(78, 0) NOT NULL CHECK (price > 0 AND price < 'NaN'),
	networks        bigint[] NOT NULL,
	-- Live money goes to receiving accounts, which are guarded; nothing written here may lead it elsewhere.
	pay_to          jsonb CHECK (pay_to IS NULL OR mode = 'test'),
	title           text NOT NULL,
	service_name    text NOT NULL,
	description     text NOT NULL,
	mime_type       text NOT NULL,
	tags            text[] NOT NULL,
	discoverable    boolean NOT NULL,
	timeout_seconds integer NOT NULL CHECK (timeout_seconds > 0),
	flow            text NOT NULL CHECK (flow IN ('authorization', 'upfront')),
	valid_from      timestamptz,
	valid_until     timestamptz,
	content_kind    text NOT NULL CHECK (content_kind IN ('', 'body', 'file', 'upstream')),
	content_type    text NOT NULL,
	file_name       text NOT NULL,
	content_bytes   bigint NOT NULL CHECK (content_bytes >= 0),
	content_hash    bytea CHECK ((content_kind IN ('body', 'file')) = (content_hash IS NOT NULL)),
	upstream_url    text NOT NULL CHECK ((content_kind = 'upstream') = (upstream_url <> '')),
	upstream_header text NOT NULL,
	upstream_sealed bytea CHECK ((upstream_header = '') = (upstream_sealed IS NULL)),
	upstream_post   boolean NOT NULL,
	upstream_query  boolean NOT NULL,
	version         bigint NOT NULL CHECK (version > 0),
	created_at      timestamptz NOT NULL,
	updated_at      timestamptz NOT NULL,
	archived_at     timestamptz
);
CREATE UNIQUE INDEX resources_sku ON resources (merchant_id, sku);
CREATE INDEX resources_listed ON resources (project_id, mode, created_at, id);
CREATE INDEX resources_discoverable ON resources (mode, created_at, id)
	WHERE discoverable AND archived_at IS NULL AND content_kind <> '';

CREATE TABLE resource_contents (
	resource_id uuid PRIMARY KEY REFERENCES resources (id),
	hash        bytea NOT NULL CHECK (length(hash) = 32),
	content     bytea NOT NULL CHECK (length(content) > 0)
);
-- Compressing what is compressed already costs time on every request.
ALTER TABLE resource_contents ALTER COLUMN content SET STORAGE EXTERNAL;
