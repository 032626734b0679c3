INSERT INTO auth_group (id, name) VALUES (1, 'agents'), (2, 'supervisors');

INSERT INTO auth_permission (id, content_type_id, codename, name) VALUES
  (1, 1, 'view_call', 'Can view call'), (2, 1, 'change_call', 'Can change call'), (3, 1, 'delete_call', 'Can delete call');

INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (1, 1), (2, 1), (2, 2);

-- The password is lètmein. One that begins with an exclamation mark is Django's for "none".
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES
  (1, 'pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=', '2020-02-01 08:00:00', TRUE, 'ana', 'Ana', 'Hansen', 'ana@site.example', TRUE, TRUE, '2010-01-01 00:00:00'),
  (2, 'pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=', NULL, FALSE, 'Ana', 'Anna', 'Berg', 'shared@site.example', FALSE, TRUE, '2011-01-01 00:00:00'),
  (3, 'pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=', NULL, FALSE, 'bo', 'Bo', 'Lie', 'shared@site.example', TRUE, TRUE, '2012-01-01 00:00:00'),
  (4, 'pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=', NULL, FALSE, 'dag', '', '', '', FALSE, FALSE, '2013-01-01 00:00:00'),
  (5, '!kVUxHq0mYyXkWcTjU5V3nBpRsDfGhJkLqWeRtYuI', NULL, FALSE, 'eva', 'Eva', 'Dahl', 'eva@site.example', FALSE, TRUE, '2014-01-01 00:00:00');

INSERT INTO auth_user_groups (user_id, group_id) VALUES (1, 1), (1, 2), (3, 1);

INSERT INTO auth_user_user_permissions (user_id, permission_id) VALUES (1, 3);
