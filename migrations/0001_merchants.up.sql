-- Merchants hold projects, receiving accounts, methods and verification records.

CREATE TABLE merchants (
	id            uuid PRIMARY KEY,
	client_id     text NOT NULL CHECK (client_id ~ '^101[0-9]{12}$'),
	email         text NOT NULL CHECK (email <> ''),
	name          text NOT NULL,
	password_hash text NOT NULL,
	created_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX merchants_email ON merchants (email);
CREATE UNIQUE INDEX merchants_client_id ON merchants (client_id);

CREATE TABLE projects (
	id               uuid PRIMARY KEY,
	merchant_id      uuid NOT NULL REFERENCES merchants (id),
	name             text NOT NULL,
	website_url      text NOT NULL,
	mode             text NOT NULL CHECK (mode IN ('test', 'live')),
	disabled         boolean NOT NULL,
	session_minutes  integer NOT NULL CHECK (session_minutes > 0),
	late             text NOT NULL CHECK (late IN ('accept', 'hold')),
	recorded_charges boolean NOT NULL,
	created_at       timestamptz NOT NULL
);
CREATE INDEX projects_of_merchant ON projects (merchant_id, created_at, id);
CREATE UNIQUE INDEX projects_website ON projects (website_url) WHERE website_url <> '';

CREATE TABLE receiving_accounts (
	id          uuid PRIMARY KEY,
	merchant_id uuid NOT NULL REFERENCES merchants (id),
	project_id  uuid NOT NULL REFERENCES projects (id),
	network     text NOT NULL,
	asset       text NOT NULL,
	address     text NOT NULL CHECK (address <> ''),
	label       text NOT NULL,
	created_at  timestamptz NOT NULL,
	removed_at  timestamptz
);
CREATE UNIQUE INDEX receiving_current
	ON receiving_accounts (project_id, network, asset) WHERE removed_at IS NULL;
CREATE INDEX receiving_watched ON receiving_accounts (network, address);

CREATE TABLE payment_methods (
	project_id uuid NOT NULL REFERENCES projects (id),
	method     text NOT NULL CHECK (method <> ''),
	enabled    boolean NOT NULL,
	PRIMARY KEY (project_id, method)
);

CREATE TABLE kyc_records (
	merchant_id  uuid PRIMARY KEY REFERENCES merchants (id),
	state        text NOT NULL CHECK (state IN ('not_started', 'pending', 'approved', 'rejected')),
	legal_name   text NOT NULL,
	country      text NOT NULL,
	kind         text NOT NULL,
	registry     text NOT NULL,
	note         text NOT NULL,
	submitted_at timestamptz,
	decided_at   timestamptz
);

CREATE TABLE kyc_documents (
	merchant_id uuid NOT NULL REFERENCES merchants (id),
	id          text COLLATE "C" NOT NULL,
	kind        text NOT NULL,
	media_type  text NOT NULL,
	bytes       integer NOT NULL CHECK (bytes >= 0),
	sealed      bytea NOT NULL,
	created_at  timestamptz NOT NULL,
	PRIMARY KEY (merchant_id, id)
);
