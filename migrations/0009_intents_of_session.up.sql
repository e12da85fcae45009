-- A payer who comes back to a network finds the amount he was told there, without a search.

CREATE INDEX intents_of_session ON intents (session_id, network, contract) WHERE held;
