INSERT INTO phpbb_groups (group_id, group_name) VALUES (2, 'REGISTERED'), (4, 'MODERATORS'), (6, 'BOTS');

-- The passwords are test1 (phpass), password (bcrypt) and password (argon2id).
INSERT INTO phpbb_users (user_id, user_type, group_id, username, username_clean, user_password, user_passchg, user_email, user_lang) VALUES
  (2, 3, 4, 'Ana', 'ana', '$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00', 1262304000, 'ana@forum.example', 'nb'),
  (3, 0, 2, 'Bo', 'bo', '$2y$12$hXUrnqdq1RIIYZ2HPytIIe5lXdIvbhqrTvdPsSF7o.jFh817Z6lwm', 1577836800, 'bo@forum.example', 'en'),
  (4, 0, 2, 'Cecilie', 'cecilie', '$argon2id$v=19$m=4096,t=3,p=1$cmFuZG9tc2FsdGlzaGFyZA$DYojYpnUWSMmTtrkVXyaNWVGxLmGe1n8VJBPDdFkbjU', 1609459200, 'shared@forum.example', 'nb'),
  (5, 1, 2, 'Dag', 'dag', '$2y$12$hXUrnqdq1RIIYZ2HPytIIe5lXdIvbhqrTvdPsSF7o.jFh817Z6lwm', 0, 'dag@forum.example', 'nb'),
  (6, 2, 6, 'Crawler', 'crawler', '', 0, '', 'en'),
  (7, 0, 2, 'Élise', 'élise', '$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00', 0, 'shared@forum.example', 'fr'),
  (8, 0, 2, 'Elise', 'elise', '$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00', 0, 'elise@forum.example', 'fr');

INSERT INTO phpbb_user_group (group_id, user_id, user_pending) VALUES
  (2, 2, 0), (4, 2, 0), (2, 3, 0), (4, 3, 1), (2, 4, 0), (2, 7, 0), (2, 8, 0);

INSERT INTO phpbb_profile_fields_data (user_id, pf_phone) VALUES (2, 'sip:2@pbx.forum.example'), (3, '3'), (4, '');
