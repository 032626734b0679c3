-- ASP.NET Core Identity, as Entity Framework makes it in SQLite.

CREATE TABLE AspNetRoles (
  Id               TEXT NOT NULL CONSTRAINT PK_AspNetRoles PRIMARY KEY,
  Name             TEXT NULL,
  NormalizedName   TEXT NULL,
  ConcurrencyStamp TEXT NULL
);
CREATE UNIQUE INDEX RoleNameIndex ON AspNetRoles (NormalizedName);

CREATE TABLE AspNetUsers (
  Id                   TEXT NOT NULL CONSTRAINT PK_AspNetUsers PRIMARY KEY,
  UserName             TEXT NULL,
  NormalizedUserName   TEXT NULL,
  Email                TEXT NULL,
  NormalizedEmail      TEXT NULL,
  EmailConfirmed       INTEGER NOT NULL,
  PasswordHash         TEXT NULL,
  SecurityStamp        TEXT NULL,
  ConcurrencyStamp     TEXT NULL,
  PhoneNumber          TEXT NULL,
  PhoneNumberConfirmed INTEGER NOT NULL,
  TwoFactorEnabled     INTEGER NOT NULL,
  LockoutEnd           TEXT NULL,
  LockoutEnabled       INTEGER NOT NULL,
  AccessFailedCount    INTEGER NOT NULL
);
CREATE INDEX EmailIndex ON AspNetUsers (NormalizedEmail);
CREATE UNIQUE INDEX UserNameIndex ON AspNetUsers (NormalizedUserName);

CREATE TABLE AspNetUserClaims (
  Id         INTEGER NOT NULL CONSTRAINT PK_AspNetUserClaims PRIMARY KEY AUTOINCREMENT,
  UserId     TEXT NOT NULL,
  ClaimType  TEXT NULL,
  ClaimValue TEXT NULL
);
CREATE INDEX IX_AspNetUserClaims_UserId ON AspNetUserClaims (UserId);

CREATE TABLE AspNetUserLogins (
  LoginProvider       TEXT NOT NULL,
  ProviderKey         TEXT NOT NULL,
  ProviderDisplayName TEXT NULL,
  UserId              TEXT NOT NULL,
  CONSTRAINT PK_AspNetUserLogins PRIMARY KEY (LoginProvider, ProviderKey)
);
CREATE INDEX IX_AspNetUserLogins_UserId ON AspNetUserLogins (UserId);

CREATE TABLE AspNetUserRoles (
  UserId TEXT NOT NULL,
  RoleId TEXT NOT NULL,
  CONSTRAINT PK_AspNetUserRoles PRIMARY KEY (UserId, RoleId)
);
