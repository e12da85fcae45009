-- An agent's authorization is claimed once for ever, and what became of it, what was signed for it and what it led to is kept.
--
-- There are no foreign keys, as in the book: claiming is one insert on the way of every payment, and
-- `101pay audit` proves more than they could.

CREATE TABLE x402_settlements (
	key            bytea GENERATED ALWAYS AS (int8send(network) || asset || payer || nonce) STORED PRIMARY KEY,
	id             uuid NOT NULL UNIQUE,
	network        bigint NOT NULL CHECK (network > 0),
	asset          bytea NOT NULL CHECK (length(asset) = 20),
	payer          bytea NOT NULL CHECK (length(payer) = 20),
	pay_to         bytea NOT NULL CHECK (length(pay_to) = 20),
	nonce          bytea NOT NULL CHECK (length(nonce) = 32),
	value          numeric(78, 0) NOT NULL CHECK (value > 0 AND value < 'NaN'),
	valid_after    numeric(78, 0) NOT NULL CHECK (valid_after >= 0 AND valid_after < 'NaN'),
	valid_before   numeric(78, 0) NOT NULL CHECK (valid_before >= 0 AND valid_before < 'NaN'),
	signature      bytea NOT NULL,
	route          text NOT NULL CHECK (route IN ('', 'key', 'wallet', 'factory')),
	merchant_id    uuid NOT NULL,
	project_id     uuid NOT NULL,
	mode           text NOT NULL CHECK (mode IN ('test', 'live')),
	sku            text NOT NULL,
	request        bytea NOT NULL CHECK (length(request) = 32),
	signed         bytea NOT NULL CHECK (length(signed) = 32),
	client         bytea NOT NULL CHECK (length(client) = 32),
	version        smallint NOT NULL CHECK (version IN (1, 2)),
	resource_id    uuid,
	session_id     uuid,
	price_currency text NOT NULL CHECK (price_currency LIKE '_%/_%'),
	price          numeric(78, 0) NOT NULL CHECK (price > 0 AND price < 'NaN'),
	title          text NOT NULL,
	payment_id     text COLLATE "C" NOT NULL,
	status         text NOT NULL CHECK (status IN ('claimed', 'signed', 'broadcast', 'delegated', 'pending',
		'settled', 'reversed', 'refused', 'failed')),
	txid           bytea CHECK (length(txid) = 32),
	reason         text NOT NULL CHECK ((status IN ('refused', 'failed')) = (reason <> '')),
	order_no       text NOT NULL,
	claimed_at     timestamptz NOT NULL,
	settled_at     timestamptz CHECK ((status = 'settled') = (settled_at IS NOT NULL)),
	look_at        timestamptz,
	changed_at     timestamptz NOT NULL,
	CHECK (txid IS NULL OR status NOT IN ('claimed', 'refused')),
	CHECK (txid IS NOT NULL OR status NOT IN ('signed', 'broadcast', 'pending', 'settled', 'reversed'))
);
CREATE UNIQUE INDEX x402_settlements_payment_id ON x402_settlements (merchant_id, payment_id)
	WHERE payment_id <> '';
CREATE INDEX x402_settlements_due ON x402_settlements (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX x402_settlements_owning ON x402_settlements (network, asset, payer, pay_to, value)
	WHERE status <> 'settled' AND (status NOT IN ('refused', 'failed') OR look_at IS NOT NULL);
CREATE INDEX x402_settlements_paged ON x402_settlements (project_id, mode, claimed_at, id)
	WHERE status NOT IN ('claimed', 'refused');
-- A transaction may move the money of several settlements, but one movement settles one: where it shows
-- two alike, nobody can say which is whose.
CREATE UNIQUE INDEX x402_settlements_moved ON x402_settlements (network, txid, payer, asset, pay_to, value)
	WHERE status = 'settled';

-- What was delivered, for repetitions by the client that paid.
CREATE TABLE x402_answers (
	key        bytea PRIMARY KEY CHECK (length(key) = 80),
	status     integer NOT NULL CHECK (status BETWEEN 100 AND 599),
	headers    jsonb NOT NULL CHECK (jsonb_typeof(headers) = 'object'),
	body       bytea NOT NULL CHECK (length(body) <= 8388608),
	expires_at timestamptz NOT NULL
);
CREATE INDEX x402_answers_expired ON x402_answers (expires_at);

-- A relayer's account gives out its nonces in a row, whoever signs.
CREATE TABLE x402_lanes (
	network bigint NOT NULL CHECK (network > 0),
	account bytea NOT NULL CHECK (length(account) = 20),
	next    bigint NOT NULL CHECK (next >= 0),
	PRIMARY KEY (network, account)
);

CREATE TABLE x402_transactions (
	txid           bytea PRIMARY KEY CHECK (length(txid) = 32),
	number         bigint GENERATED ALWAYS AS IDENTITY,
	network        bigint NOT NULL CHECK (network > 0),
	account        bytea NOT NULL CHECK (length(account) = 20),
	nonce          bigint NOT NULL CHECK (nonce >= 0),
	key            bytea CHECK (length(key) = 80),
	raw            bytea NOT NULL,
	gas            bigint NOT NULL CHECK (gas > 0),
	max_fee        numeric(78, 0) NOT NULL CHECK (max_fee >= 0 AND max_fee < 'NaN'),
	tip            numeric(78, 0) NOT NULL CHECK (tip >= 0 AND tip < 'NaN'),
	expected_price numeric(78, 0) CHECK (expected_price >= 0 AND expected_price < 'NaN'),
	signed_at      timestamptz NOT NULL,
	sent_at        timestamptz,
	mined_at       timestamptz,
	cost           numeric(78, 0) CHECK (cost >= 0 AND cost < 'NaN'),
	void           boolean NOT NULL DEFAULT false CHECK (mined_at IS NULL OR NOT void),
	CHECK ((mined_at IS NULL) = (cost IS NULL))
);
CREATE INDEX x402_transactions_for ON x402_transactions (key, number) WHERE key IS NOT NULL;
CREATE INDEX x402_transactions_unmined ON x402_transactions (network, account, nonce, number)
	WHERE mined_at IS NULL AND NOT void;
CREATE UNIQUE INDEX x402_transactions_mined ON x402_transactions (network, account, nonce)
	WHERE mined_at IS NOT NULL;
CREATE INDEX x402_transactions_burnt ON x402_transactions (network, mined_at) INCLUDE (cost)
	WHERE mined_at IS NOT NULL;

-- A transfer of an agent's payment waits for the settlement that awaits it, and is that settlement's.
ALTER TABLE transfers DROP CONSTRAINT transfers_disposition_check;
ALTER TABLE transfers ADD CONSTRAINT transfers_disposition_check CHECK (disposition IN
	('settled', 'part', 'held', 'duplicate', 'unmatched', 'reversed', 'x402'));
ALTER TABLE transfers DROP CONSTRAINT transfers_reason_check;
ALTER TABLE transfers
	ADD CONSTRAINT transfers_reason_check CHECK (reason IN ('awaiting_second_source', 'sources_disagree',
		'no_second_source', 'rescan_missing', 'x402_settlement')),
	ADD CONSTRAINT transfers_agent_check CHECK (disposition <> 'x402'
		OR order_no <> '' AND session_id IS NULL AND intent_id IS NULL AND decision = '');

ALTER TABLE transactions DROP CONSTRAINT transactions_kind_check;
ALTER TABLE transactions ADD CONSTRAINT transactions_kind_check
	CHECK (kind IN ('charge', 'payment', 'reversal', 'x402'));
