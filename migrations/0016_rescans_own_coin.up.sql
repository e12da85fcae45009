-- Whether a network's own coin, although somebody awaited it, was not read again in all blocks.
ALTER TABLE rescans ADD COLUMN own_unread boolean NOT NULL DEFAULT false;
