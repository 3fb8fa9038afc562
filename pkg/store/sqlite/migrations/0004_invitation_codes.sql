-- Codes that do not name their invitation find it by their hash.

ALTER TABLE invitations ADD COLUMN form TEXT NOT NULL DEFAULT '';
ALTER TABLE invitations ADD COLUMN referral_tokens BLOB NOT NULL DEFAULT x''; -- a JSON array, or nothing

CREATE INDEX invitations_code ON invitations (code_hash);

-- What a sweep looks for: those that went by mail.
CREATE INDEX invitations_mailed ON invitations (expires_at) WHERE form = 'uuid';
