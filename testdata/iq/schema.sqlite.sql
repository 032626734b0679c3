-- IQ 4.2 user administration, as the branch-office edition keeps it in SQLite.

CREATE TABLE customers (
  CustomerID   INTEGER PRIMARY KEY AUTOINCREMENT,
  CustomerNo   VARCHAR(20) DEFAULT NULL,
  CustomerName VARCHAR(80) DEFAULT NULL,
  MailDomain   VARCHAR(80) DEFAULT NULL,
  isActive     TINYINT(1) DEFAULT '1',
  CreatedDate  DATETIME DEFAULT NULL
);

CREATE TABLE user_groups (
  GroupID       INTEGER PRIMARY KEY AUTOINCREMENT,
  CustomerID    INT DEFAULT NULL,
  ParentGroupID INT DEFAULT NULL,
  GroupName     VARCHAR(64) DEFAULT NULL
);
CREATE INDEX user_groups_idxCustomer ON user_groups (CustomerID);

-- Status: A active, I inactive, L locked. UserType: person, api, wallboard, chatbot.
CREATE TABLE users (
  UserID         INTEGER PRIMARY KEY AUTOINCREMENT,
  CustomerID     INT DEFAULT NULL,
  GroupID        INT DEFAULT NULL,
  UserName       VARCHAR(64) COLLATE NOCASE DEFAULT NULL,
  FirstName      VARCHAR(64) DEFAULT NULL,
  LastName       VARCHAR(64) DEFAULT NULL,
  DisplayName    VARCHAR(128) DEFAULT NULL,
  eMail          VARCHAR(128) COLLATE NOCASE DEFAULT NULL,
  eMailConfirmed CHAR(1) DEFAULT NULL,
  Lang           VARCHAR(8) DEFAULT NULL,
  UserType       VARCHAR(16) DEFAULT NULL,
  Status         CHAR(1) DEFAULT NULL,
  SSOOnly        TINYINT(1) DEFAULT NULL,
  CreatedDate    DATETIME DEFAULT NULL
);
CREATE INDEX users_idxUserName ON users (CustomerID, UserName);
CREATE INDEX users_idxMail ON users (CustomerID, eMail);

-- PwType is empty where PwHash says by itself what it is.
CREATE TABLE credentials (
  CredID    INTEGER PRIMARY KEY AUTOINCREMENT,
  UserID    INT DEFAULT NULL,
  PwHash    VARCHAR(255) DEFAULT NULL,
  PwSalt    VARCHAR(64) DEFAULT NULL,
  PwType    VARCHAR(16) DEFAULT NULL,
  isCurrent TINYINT(1) DEFAULT '1',
  PwChanged DATETIME DEFAULT NULL
);
CREATE INDEX credentials_idxUser ON credentials (UserID);

-- CustomerID is NULL for the roles that every customer has.
CREATE TABLE roles (
  RoleID     INTEGER PRIMARY KEY AUTOINCREMENT,
  CustomerID INT DEFAULT NULL,
  RoleName   VARCHAR(64) DEFAULT NULL
);

CREATE TABLE user_roles (
  UserID INT NOT NULL,
  RoleID INT NOT NULL,
  PRIMARY KEY (UserID, RoleID)
);

CREATE TABLE permissions (
  PermID   INTEGER PRIMARY KEY AUTOINCREMENT,
  PermName VARCHAR(64) DEFAULT NULL
);

CREATE TABLE role_permissions (
  RoleID INT NOT NULL,
  PermID INT NOT NULL,
  PRIMARY KEY (RoleID, PermID)
);

CREATE TABLE softphones (
  PhoneID   INTEGER PRIMARY KEY AUTOINCREMENT,
  UserID    INT DEFAULT NULL,
  SipUri    VARCHAR(128) DEFAULT NULL,
  Label     VARCHAR(32) DEFAULT NULL,
  isDefault TINYINT(1) DEFAULT NULL
);
CREATE INDEX softphones_idxUser ON softphones (UserID);

CREATE TABLE external_identities (
  ExtID      INTEGER PRIMARY KEY AUTOINCREMENT,
  CustomerID INT NOT NULL,
  UserID     INT NOT NULL,
  Provider   VARCHAR(64) NOT NULL,
  ExternalID VARCHAR(255) NOT NULL,
  LinkedDate DATETIME DEFAULT NULL
);
CREATE UNIQUE INDEX external_identities_uqExternal ON external_identities (CustomerID, Provider, ExternalID);
CREATE UNIQUE INDEX external_identities_uqUser ON external_identities (UserID, Provider);

CREATE TABLE user_configuration (
  ConfID    INTEGER PRIMARY KEY AUTOINCREMENT,
  UserID    INT DEFAULT NULL,
  ConfName  VARCHAR(64) DEFAULT NULL,
  ConfValue TEXT
);
CREATE INDEX user_configuration_idxUser ON user_configuration (UserID);
