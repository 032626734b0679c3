-- Why a tenant may use a domain. A row without proven_at was approved by applying a tenant file, which
-- was enough before; checked_at is NULL for whatever was approved and not proven by DNS.
ALTER TABLE pb_domains ADD COLUMN proven_at BIGINT;

ALTER TABLE pb_domains ADD COLUMN proven_by VARBINARY(255);

ALTER TABLE pb_domains ADD COLUMN checked_at BIGINT;

ALTER TABLE pb_domains ADD COLUMN missing_since BIGINT;

-- What a tenant publishes in the DNS to prove its domains: no secret, but one's own.
CREATE TABLE pb_domain_tokens (
	account VARBINARY(255) NOT NULL,
	token VARBINARY(64) NOT NULL,
	PRIMARY KEY (account)
);
