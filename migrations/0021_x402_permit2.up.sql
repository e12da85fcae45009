-- A payer may sign a permit (Permit2) in place of an authorization of the token, and at most a value, of which what was used is settled.

-- asset is the contract that takes each nonce once: the token, or Permit2, where token says what is moved.
ALTER TABLE x402_settlements
	ADD COLUMN method      text NOT NULL DEFAULT 'eip3009' CHECK (method IN ('eip3009', 'permit2', 'upto')),
	ADD COLUMN token       bytea CHECK (length(token) = 20),
	ADD COLUMN most        numeric(78, 0) CHECK (most >= value AND most < 'NaN'),
	ADD COLUMN facilitator bytea CHECK (length(facilitator) = 20),
	ADD COLUMN allowance   bytea CHECK (length(allowance) = 161),
	ADD CONSTRAINT x402_settlements_permit_check CHECK ((method = 'eip3009') = (token IS NULL)
		AND (allowance IS NULL OR token IS NOT NULL)),
	ADD CONSTRAINT x402_settlements_most_check1 CHECK ((method = 'upto') = (most IS NOT NULL)
		AND (method = 'upto') = (facilitator IS NOT NULL)
		AND (most IS NULL OR most = value OR status NOT IN ('claimed', 'refused'))),
	DROP CONSTRAINT x402_settlements_route_check,
	ADD CONSTRAINT x402_settlements_route_check CHECK (route IN ('', 'key', 'wallet', 'factory', 'sponsored'));

-- What a transfer may be of, and that one movement settles one payment, goes by the token.
DROP INDEX x402_settlements_owning;
CREATE INDEX x402_settlements_owning ON x402_settlements (network, coalesce(token, asset), payer, pay_to, value)
	WHERE status <> 'settled' AND (status NOT IN ('refused', 'failed') OR look_at IS NOT NULL);
DROP INDEX x402_settlements_moved;
CREATE UNIQUE INDEX x402_settlements_moved ON x402_settlements (network, txid, payer, coalesce(token, asset), pay_to, value)
	WHERE status = 'settled';

ALTER TABLE sandbox_calls
	ADD COLUMN method text NOT NULL DEFAULT 'eip3009' CHECK (method IN ('eip3009', 'permit2', 'upto')),
	ADD COLUMN token  bytea CHECK (length(token) = 20),
	ADD COLUMN most   bytea CHECK (length(most) = 32),
	ADD CONSTRAINT sandbox_calls_permit CHECK ((method = 'eip3009') = (token IS NULL) AND (method = 'upto') = (most IS NOT NULL));

-- A resource may be sold for what it turns out to cost, at most its price, and for USDT.
ALTER TABLE resources
	ADD COLUMN scheme text NOT NULL DEFAULT 'exact' CHECK (scheme IN ('exact', 'upto')),
	DROP CONSTRAINT resources_currency_check,
	ADD CONSTRAINT resources_currency_check CHECK (currency IN ('USDC/6', 'USD/2', 'USDT/6'));
