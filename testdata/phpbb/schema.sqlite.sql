-- The user tables of a forum, after phpBB 3.

CREATE TABLE phpbb_groups (
  group_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  group_name VARCHAR(255) NOT NULL DEFAULT ''
);

-- user_type: 0 normal, 1 inactive, 2 a robot, 3 founder. username_clean is the lower-cased username.
CREATE TABLE phpbb_users (
  user_id        INTEGER PRIMARY KEY AUTOINCREMENT,
  user_type      TINYINT NOT NULL DEFAULT 0,
  group_id       MEDIUMINT NOT NULL DEFAULT 3,
  user_regdate   INT NOT NULL DEFAULT 0,
  username       VARCHAR(255) NOT NULL DEFAULT '',
  username_clean VARCHAR(255) NOT NULL DEFAULT '',
  user_password  VARCHAR(255) NOT NULL DEFAULT '',
  user_passchg   INT NOT NULL DEFAULT 0,
  user_email     VARCHAR(100) NOT NULL DEFAULT '',
  user_lang      VARCHAR(30) NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX phpbb_users_username_clean ON phpbb_users (username_clean);
CREATE INDEX phpbb_users_user_email ON phpbb_users (user_email);

CREATE TABLE phpbb_user_group (
  group_id     MEDIUMINT NOT NULL DEFAULT 0,
  user_id      INT NOT NULL DEFAULT 0,
  user_pending TINYINT NOT NULL DEFAULT 1
);
CREATE INDEX phpbb_user_group_user_id ON phpbb_user_group (user_id);

CREATE TABLE phpbb_profile_fields_data (
  user_id  INTEGER PRIMARY KEY,
  pf_phone VARCHAR(255) NOT NULL DEFAULT ''
);

-- The second key is not phpBB's: it keeps one identity from becoming two users.
CREATE TABLE phpbb_oauth_accounts (
  user_id           INT NOT NULL DEFAULT 0,
  provider          VARCHAR(64) NOT NULL DEFAULT '',
  oauth_provider_id VARCHAR(255) NOT NULL DEFAULT '',
  PRIMARY KEY (user_id, provider)
);
CREATE UNIQUE INDEX phpbb_oauth_accounts_identity ON phpbb_oauth_accounts (provider, oauth_provider_id);
