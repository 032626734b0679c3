-- What comparing logins with the shadow of the legacy database has found out. Ids are made of what makes a
-- row unique, so that every node means the same one.
CREATE TABLE pb_shadow_people (
	id BINARY(16) NOT NULL,
	tenant VARBINARY(255) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	first_at BIGINT NOT NULL,
	compared_at BIGINT NOT NULL,
	proven_at BIGINT,
	PRIMARY KEY (id)
);

CREATE INDEX pb_shadow_people_compared_at ON pb_shadow_people (compared_at);

CREATE TABLE pb_shadow_differences (
	id BINARY(16) NOT NULL,
	tenant VARBINARY(255) NOT NULL,
	code VARBINARY(64) NOT NULL,
	found_by VARBINARY(255) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	first_at BIGINT NOT NULL,
	last_at BIGINT NOT NULL,
	times BIGINT NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX pb_shadow_differences_last_at ON pb_shadow_differences (last_at, tenant, code, found_by);

CREATE TABLE pb_shadow_tallies (
	id BINARY(16) NOT NULL,
	day BIGINT NOT NULL,
	tenant VARBINARY(255) NOT NULL,
	outcome VARBINARY(32) NOT NULL,
	comparisons BIGINT NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX pb_shadow_tallies_day ON pb_shadow_tallies (day);
