-- A program may pay a checkout session by authorization, by an intent that holds no amount.
-- A session has one such at most for each token and address.
ALTER TABLE intents DROP CONSTRAINT intents_matching_check;
ALTER TABLE intents ADD CONSTRAINT intents_matching_check
	CHECK (matching = ANY (ARRAY['shared'::text, 'dedicated'::text, 'authorized'::text]));
CREATE UNIQUE INDEX intents_invited ON intents (session_id, network, contract, address)
	WHERE matching = 'authorized';

-- Which settlements pay a session: it must not end under one.
CREATE INDEX x402_settlements_session ON x402_settlements (session_id) WHERE session_id IS NOT NULL;
