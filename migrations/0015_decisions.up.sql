-- What settled nothing waits for its merchant's decision, and his decision is kept with the transfer.

ALTER TABLE transfers
	ADD COLUMN decision text NOT NULL DEFAULT ''
		CHECK (decision IN ('', 'accepted', 'assigned', 'returned', 'closed')),
	ADD COLUMN decided_at timestamptz,
	ADD COLUMN decision_note text NOT NULL DEFAULT '',
	ADD COLUMN return_txid text COLLATE "C" NOT NULL DEFAULT '',
	ADD CHECK ((decision = '') = (decided_at IS NULL)),
	ADD CHECK (decision NOT IN ('accepted', 'assigned') OR disposition IN ('settled', 'part', 'reversed'));
DROP INDEX transfers_queue;
CREATE INDEX transfers_waiting
	ON transfers (project_id, (CASE network WHEN 'sandbox' THEN 'test' ELSE 'live' END), recorded_at, height, idx, txid)
	WHERE disposition IN ('held', 'duplicate', 'unmatched') AND decision = '';
CREATE INDEX transfers_decided
	ON transfers (project_id, (CASE network WHEN 'sandbox' THEN 'test' ELSE 'live' END), recorded_at, height, idx, txid)
	WHERE decision <> '';
