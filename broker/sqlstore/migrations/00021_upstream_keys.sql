-- The key pairs by which SAML identity providers know a connection. A generation is announced in our
-- metadata until use_from, signs from then on, and decrypts as long as the row is there.
CREATE TABLE pb_upstream_keys (
	account VARBINARY(255) NOT NULL,
	connection VARBINARY(255) NOT NULL,
	generation BIGINT NOT NULL,
	sealed_key BLOB NOT NULL,
	certificate BLOB NOT NULL,
	created_at BIGINT NOT NULL,
	use_from BIGINT NOT NULL,
	PRIMARY KEY (account, connection, generation)
);

-- The last good copy of a SAML identity provider's metadata.
CREATE TABLE pb_upstream_metadata (
	account VARBINARY(255) NOT NULL,
	connection VARBINARY(255) NOT NULL,
	document MEDIUMBLOB NOT NULL,
	fetched_at BIGINT NOT NULL,
	PRIMARY KEY (account, connection)
);
