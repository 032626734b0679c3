CREATE TABLE pb_changes (
	id BINARY(16) NOT NULL,
	at BIGINT NOT NULL,
	kind VARBINARY(32) NOT NULL,
	subject VARBINARY(1024) NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX pb_changes_at ON pb_changes (at);
