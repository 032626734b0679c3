-- Django's django.contrib.auth, as migrate makes it in SQLite.

CREATE TABLE auth_group (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name VARCHAR(150) NOT NULL UNIQUE);

CREATE TABLE auth_permission (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, content_type_id INTEGER NOT NULL, codename VARCHAR(100) NOT NULL, name VARCHAR(255) NOT NULL
);

CREATE TABLE auth_group_permissions (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, permission_id INTEGER NOT NULL, UNIQUE (group_id, permission_id)
);

CREATE TABLE auth_user (
  id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  password     VARCHAR(128) NOT NULL,
  last_login   DATETIME NULL,
  is_superuser BOOL NOT NULL,
  username     VARCHAR(150) NOT NULL UNIQUE,
  last_name    VARCHAR(150) NOT NULL,
  email        VARCHAR(254) NOT NULL,
  is_staff     BOOL NOT NULL,
  is_active    BOOL NOT NULL,
  date_joined  DATETIME NOT NULL,
  first_name   VARCHAR(150) NOT NULL
);
-- Not Django's: without it, every search by e-mail reads everybody.
CREATE INDEX auth_user_email ON auth_user (email);

CREATE TABLE auth_user_groups (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, group_id INTEGER NOT NULL, UNIQUE (user_id, group_id)
);

CREATE TABLE auth_user_user_permissions (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, permission_id INTEGER NOT NULL, UNIQUE (user_id, permission_id)
);
