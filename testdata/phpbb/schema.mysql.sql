-- The user tables of a forum, after phpBB 3.

CREATE TABLE phpbb_groups (
  group_id   MEDIUMINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  group_name VARCHAR(255) NOT NULL DEFAULT ''
);

-- user_type: 0 normal, 1 inactive, 2 a robot, 3 founder. username_clean is the lower-cased username.
CREATE TABLE phpbb_users (
  user_id        INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_type      TINYINT NOT NULL DEFAULT 0,
  group_id       MEDIUMINT UNSIGNED NOT NULL DEFAULT 3,
  user_regdate   INT UNSIGNED NOT NULL DEFAULT 0,
  username       VARCHAR(255) NOT NULL DEFAULT '',
  username_clean VARCHAR(255) NOT NULL DEFAULT '',
  user_password  VARCHAR(255) NOT NULL DEFAULT '',
  user_passchg   INT UNSIGNED NOT NULL DEFAULT 0,
  user_email     VARCHAR(100) NOT NULL DEFAULT '',
  user_lang      VARCHAR(30) NOT NULL DEFAULT '',
  UNIQUE KEY username_clean (username_clean),
  KEY user_email (user_email)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE phpbb_user_group (
  group_id     MEDIUMINT UNSIGNED NOT NULL DEFAULT 0,
  user_id      INT UNSIGNED NOT NULL DEFAULT 0,
  user_pending TINYINT UNSIGNED NOT NULL DEFAULT 1,
  KEY user_id (user_id)
);

CREATE TABLE phpbb_profile_fields_data (
  user_id   INT UNSIGNED NOT NULL DEFAULT 0 PRIMARY KEY,
  pf_phone  VARCHAR(255) NOT NULL DEFAULT ''
);

-- The second key is not phpBB's: it keeps one identity from becoming two users.
CREATE TABLE phpbb_oauth_accounts (
  user_id           INT UNSIGNED NOT NULL DEFAULT 0,
  provider          VARCHAR(64) NOT NULL DEFAULT '',
  oauth_provider_id VARCHAR(255) NOT NULL DEFAULT '',
  PRIMARY KEY (user_id, provider),
  UNIQUE KEY identity (provider, oauth_provider_id)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
