-- Apps that registered themselves, and the algorithm by which each app is told who signed in. Owner: hub_account.

-- An app without owner_id belongs to the house, unless it registered itself: then nobody vouches for it.
-- network_hash is the SHA-256 of the network that it came from, kept for as long as registrations of it are counted.
ALTER TABLE oauth_app ADD COLUMN registered_itself BIGINT NOT NULL DEFAULT 0;
ALTER TABLE oauth_app ADD COLUMN network_hash BLOB;
CREATE INDEX oauth_app_by_registration ON oauth_app (registered_itself, created_ms);
CREATE INDEX oauth_app_by_network ON oauth_app (network_hash, created_ms);

-- ES256 or RS256. What was registered before stays with what it has verified so far.
ALTER TABLE oauth_app ADD COLUMN id_token_alg TEXT NOT NULL DEFAULT 'ES256';
ALTER TABLE oauth_key ADD COLUMN alg TEXT NOT NULL DEFAULT 'ES256';
