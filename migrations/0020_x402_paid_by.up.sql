-- Wallets that have paid for a resource may say so (sign-in-with-x) and get it again.
CREATE INDEX x402_settlements_paid_by ON x402_settlements (merchant_id, sku, payer) WHERE status = 'settled';
