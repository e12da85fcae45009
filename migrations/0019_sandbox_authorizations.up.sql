-- What was sent to the sandbox's chain of tokens: payments by authorization survive a restart too.

CREATE TABLE sandbox_calls (
	account   bytea NOT NULL CHECK (length(account) = 20),
	nonce     bigint NOT NULL CHECK (nonce >= 0),
	txid      bytea NOT NULL CHECK (length(txid) = 32),
	-- What it moves; all NULL for a call that only uses up a nonce of its sender.
	chain_id  numeric(20, 0) CHECK (chain_id > 0 AND chain_id < 18446744073709551616),
	asset     bytea CHECK (length(asset) = 20),
	payer     bytea CHECK (length(payer) = 20),
	nonce3009 bytea CHECK (length(nonce3009) = 32),
	payee     bytea CHECK (length(payee) = 20),
	value     bytea CHECK (length(value) = 32),
	until     bytea CHECK (length(until) = 32),
	mined_at  timestamptz NOT NULL,
	gone_at   timestamptz CHECK (gone_at > mined_at),
	succeeded boolean NOT NULL,
	PRIMARY KEY (account, nonce),
	CONSTRAINT sandbox_calls_whole
		CHECK (num_nulls(chain_id, asset, payer, nonce3009, payee, value, until) IN (0, 7))
);
CREATE UNIQUE INDEX sandbox_calls_txid ON sandbox_calls (txid);
-- A token takes each nonce of a payer once.
CREATE UNIQUE INDEX sandbox_calls_used ON sandbox_calls (payer, nonce3009, asset, chain_id) WHERE succeeded;
