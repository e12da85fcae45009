-- An address change waits, is told, and is sealed. Rows of before carry no seal until the next start.

ALTER TABLE receiving_accounts
	ADD COLUMN active_from timestamptz,
	ADD COLUMN replaces    uuid REFERENCES receiving_accounts (id),
	ADD COLUMN proven      boolean NOT NULL DEFAULT false,
	ADD COLUMN told_at     timestamptz,
	ADD COLUMN seal        text NOT NULL DEFAULT '';
UPDATE receiving_accounts SET active_from = created_at, told_at = created_at;
ALTER TABLE receiving_accounts
	ALTER COLUMN active_from SET NOT NULL,
	ALTER COLUMN active_from SET DEFAULT now(); -- for the version before, which knows no waiting
CREATE INDEX receiving_at ON receiving_accounts (address, created_at, id);
CREATE INDEX receiving_untold ON receiving_accounts (active_from, id) WHERE told_at IS NULL;
CREATE INDEX receiving_successor ON receiving_accounts (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE address_waits (
	project_id uuid PRIMARY KEY REFERENCES projects (id),
	hours      integer NOT NULL CHECK (hours BETWEEN 0 AND 168),
	next_hours integer NOT NULL CHECK (next_hours BETWEEN 0 AND 168),
	next_from  timestamptz
);
