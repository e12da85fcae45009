-- The book is append-only, and each merchant's transactions of a mode are one numbered chain.
--
-- Order numbers and causes are unique over the whole gateway, so they are keys without the merchant.
-- There are no foreign keys here: they would cost a third of the write rate of the hottest path, and
-- `101pay audit` proves more than they could.

CREATE TABLE order_days (
	day  date PRIMARY KEY,
	last bigint NOT NULL CHECK (last > 0)
);

CREATE TABLE ledger_heads (
	merchant_id uuid NOT NULL,
	mode        text NOT NULL CHECK (mode IN ('test', 'live')),
	sequence    bigint NOT NULL CHECK (sequence >= 0),
	chain       bytea NOT NULL CHECK (length(chain) = 32),
	PRIMARY KEY (merchant_id, mode)
);

CREATE TABLE transactions (
	order_no    bigint PRIMARY KEY CHECK (order_no > 0),
	merchant_id uuid NOT NULL,
	project_id  uuid NOT NULL,
	mode        text NOT NULL CHECK (mode IN ('test', 'live')),
	kind        text NOT NULL CHECK (kind IN ('charge', 'payment', 'reversal')),
	source_ref  text COLLATE "C" NOT NULL CHECK (source_ref <> ''),
	session_id  text NOT NULL,
	description text NOT NULL,
	reverses    bigint,
	booked_at   timestamptz NOT NULL,
	sequence    bigint NOT NULL CHECK (sequence > 0),
	content     bytea NOT NULL CHECK (length(content) = 32),
	chain       bytea NOT NULL CHECK (length(chain) = 32),
	CHECK ((kind = 'reversal') = (reverses IS NOT NULL))
);
CREATE UNIQUE INDEX transactions_cause ON transactions (kind, source_ref);
CREATE UNIQUE INDEX transactions_chain ON transactions (merchant_id, mode, sequence);
CREATE INDEX transactions_stated ON transactions (merchant_id, mode, booked_at, order_no);

CREATE TABLE postings (
	order_no    bigint NOT NULL,
	position    smallint NOT NULL CHECK (position >= 0),
	merchant_id uuid NOT NULL,
	source      text NOT NULL CHECK (source <> ''),
	destination text NOT NULL CHECK (destination <> source),
	currency    text NOT NULL CHECK (currency LIKE '_%/_%'),
	amount      numeric(78, 0) NOT NULL CHECK (amount > 0 AND amount < 'NaN'),
	PRIMARY KEY (order_no, position)
);
