INSERT INTO AspNetRoles (Id, Name, NormalizedName) VALUES
  ('8f5c1c39-6f2b-4a53-8f2f-0a2f5d7b1a01', 'Administrator', 'ADMINISTRATOR'),
  ('8f5c1c39-6f2b-4a53-8f2f-0a2f5d7b1a02', 'Agent', 'AGENT');

-- Every password is "my password": two of version 3, one of version 2.
INSERT INTO AspNetUsers (Id, UserName, NormalizedUserName, Email, NormalizedEmail, EmailConfirmed, PasswordHash, PhoneNumber, PhoneNumberConfirmed, TwoFactorEnabled, LockoutEnd, LockoutEnabled, AccessFailedCount) VALUES
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001', 'ana@portal.example', 'ANA@PORTAL.EXAMPLE', 'ana@portal.example', 'ANA@PORTAL.EXAMPLE', 1, 'AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==', '+4722000001', 1, 0, NULL, 1, 0),
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0002', 'bo@portal.example', 'BO@PORTAL.EXAMPLE', 'bo@portal.example', 'BO@PORTAL.EXAMPLE', 0, 'AQAAAAIAAYagAAAAEAABAgMEBQYHCAkKCwwNDg/Q8A0WMKbtHQJQ2DHCdoEeeFBrgNlldq6vH4qX/CGqGQ==', NULL, 0, 0, '2020-01-01 00:00:00', 1, 0),
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0003', 'cecilie', 'CECILIE', 'shared@portal.example', 'SHARED@PORTAL.EXAMPLE', 1, 'AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==', NULL, 0, 0, NULL, 1, 0),
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0004', 'dag', 'DAG', 'shared@portal.example', 'SHARED@PORTAL.EXAMPLE', 1, 'AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==', NULL, 0, 0, '9999-12-31 23:59:59', 1, 0),
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0005', 'eva', 'EVA', NULL, NULL, 0, NULL, NULL, 0, 0, NULL, 1, 0);

INSERT INTO AspNetUserClaims (UserId, ClaimType, ClaimValue) VALUES
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001', 'given_name', 'Ana'),
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001', 'family_name', 'Hansen'),
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001', 'department', 'Support');

INSERT INTO AspNetUserRoles (UserId, RoleId) VALUES
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001', '8f5c1c39-6f2b-4a53-8f2f-0a2f5d7b1a01'),
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001', '8f5c1c39-6f2b-4a53-8f2f-0a2f5d7b1a02'),
  ('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0002', '8f5c1c39-6f2b-4a53-8f2f-0a2f5d7b1a02');
