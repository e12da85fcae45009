-- A project says how its payments are treated, and each intent keeps the terms its payer was told.

ALTER TABLE projects
	ADD COLUMN tolerance_basis_points integer NOT NULL DEFAULT 0
		CHECK (tolerance_basis_points BETWEEN 0 AND 100),
	ADD COLUMN underpaid text NOT NULL DEFAULT 'hold' CHECK (underpaid IN ('hold', 'record')),
	ADD COLUMN finality jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(finality) = 'array'),
	ADD COLUMN two_sources_from integer NOT NULL DEFAULT 0 CHECK (two_sources_from >= 0);

ALTER TABLE intents
	ADD COLUMN matching text NOT NULL DEFAULT 'shared' CHECK (matching IN ('shared', 'dedicated')),
	ADD COLUMN tolerance numeric(78,0) NOT NULL DEFAULT 0 CHECK (tolerance >= 0 AND tolerance < 'NaN'),
	ADD COLUMN confirmations integer NOT NULL DEFAULT 0 CHECK (confirmations >= 0),
	ADD COLUMN sources smallint NOT NULL DEFAULT 1 CHECK (sources > 0),
	ADD CHECK (matching = 'dedicated' OR tolerance = 0);
