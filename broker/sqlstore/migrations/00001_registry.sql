-- Tenants, clients and connections are JSON bodies behind the keys that must be unique. The whole
-- registry is read at once, so no statement looks inside a body.
CREATE TABLE pb_tenants (
	account VARBINARY(255) NOT NULL,
	body MEDIUMBLOB NOT NULL,
	PRIMARY KEY (account)
);

-- Verified domains only: claims that nobody proved exclude nobody.
CREATE TABLE pb_domains (
	name VARBINARY(255) NOT NULL,
	account VARBINARY(255) NOT NULL,
	PRIMARY KEY (name)
);

CREATE INDEX pb_domains_account ON pb_domains (account);

CREATE TABLE pb_clients (
	id VARBINARY(255) NOT NULL,
	account VARBINARY(255) NOT NULL,
	body MEDIUMBLOB NOT NULL,
	PRIMARY KEY (id)
);

CREATE TABLE pb_connections (
	account VARBINARY(255) NOT NULL,
	id VARBINARY(255) NOT NULL,
	body MEDIUMBLOB NOT NULL,
	PRIMARY KEY (account, id)
);
