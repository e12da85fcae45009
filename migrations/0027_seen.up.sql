-- What an attempt to tell a merchant sent and was answered is kept, head and all. Attempts of before have none.
ALTER TABLE webhook_attempts
	ADD COLUMN request_head jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(request_head) = 'array'),
	ADD COLUMN answer_head jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(answer_head) = 'array');

-- When each member of a merchant was last seen.
CREATE INDEX member_visits_of_merchant ON member_visits (merchant_id, member_id);

-- The audit log is read by who did something, and by what was done.
CREATE INDEX journal_of_member ON journal (merchant_id, member_id, sequence);
CREATE INDEX journal_of_action ON journal (merchant_id, action, sequence);
