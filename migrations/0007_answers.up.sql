-- An idempotency key leads to one answer, written with the work it answers for.

CREATE TABLE answers (
	scope       text COLLATE "C" NOT NULL,
	key         text COLLATE "C" NOT NULL,
	fingerprint bytea NOT NULL,
	status      integer NOT NULL,
	body        bytea NOT NULL,
	expires_at  timestamptz NOT NULL,
	PRIMARY KEY (scope, key)
);
CREATE INDEX answers_expired ON answers (expires_at);
