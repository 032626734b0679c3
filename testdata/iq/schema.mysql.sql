-- IQ 4.2 user administration, MySQL.

CREATE TABLE customers (
  CustomerID   INT NOT NULL AUTO_INCREMENT,
  CustomerNo   VARCHAR(20) DEFAULT NULL,
  CustomerName VARCHAR(80) DEFAULT NULL,
  MailDomain   VARCHAR(80) DEFAULT NULL,
  isActive     TINYINT(1) DEFAULT '1',
  CreatedDate  DATETIME DEFAULT NULL,
  PRIMARY KEY (CustomerID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE user_groups (
  GroupID       INT NOT NULL AUTO_INCREMENT,
  CustomerID    INT DEFAULT NULL,
  ParentGroupID INT DEFAULT NULL,
  GroupName     VARCHAR(64) DEFAULT NULL,
  PRIMARY KEY (GroupID),
  KEY idxCustomer (CustomerID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- Status: A active, I inactive, L locked. UserType: person, api, wallboard, chatbot.
CREATE TABLE users (
  UserID         INT NOT NULL AUTO_INCREMENT,
  CustomerID     INT DEFAULT NULL,
  GroupID        INT DEFAULT NULL,
  UserName       VARCHAR(64) DEFAULT NULL,
  FirstName      VARCHAR(64) DEFAULT NULL,
  LastName       VARCHAR(64) DEFAULT NULL,
  DisplayName    VARCHAR(128) DEFAULT NULL,
  eMail          VARCHAR(128) DEFAULT NULL,
  eMailConfirmed CHAR(1) DEFAULT NULL,
  Lang           VARCHAR(8) DEFAULT NULL,
  UserType       VARCHAR(16) DEFAULT NULL,
  Status         CHAR(1) DEFAULT NULL,
  SSOOnly        TINYINT(1) DEFAULT NULL,
  CreatedDate    DATETIME DEFAULT NULL,
  PRIMARY KEY (UserID),
  KEY idxUserName (CustomerID, UserName),
  KEY idxMail (CustomerID, eMail)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- PwType is empty where PwHash says by itself what it is.
CREATE TABLE credentials (
  CredID    INT NOT NULL AUTO_INCREMENT,
  UserID    INT DEFAULT NULL,
  PwHash    VARCHAR(255) DEFAULT NULL,
  PwSalt    VARCHAR(64) DEFAULT NULL,
  PwType    VARCHAR(16) DEFAULT NULL,
  isCurrent TINYINT(1) DEFAULT '1',
  PwChanged DATETIME DEFAULT NULL,
  PRIMARY KEY (CredID),
  KEY idxUser (UserID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- CustomerID is NULL for the roles that every customer has.
CREATE TABLE roles (
  RoleID     INT NOT NULL AUTO_INCREMENT,
  CustomerID INT DEFAULT NULL,
  RoleName   VARCHAR(64) DEFAULT NULL,
  PRIMARY KEY (RoleID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE user_roles (
  UserID INT NOT NULL,
  RoleID INT NOT NULL,
  PRIMARY KEY (UserID, RoleID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE permissions (
  PermID   INT NOT NULL AUTO_INCREMENT,
  PermName VARCHAR(64) DEFAULT NULL,
  PRIMARY KEY (PermID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE role_permissions (
  RoleID INT NOT NULL,
  PermID INT NOT NULL,
  PRIMARY KEY (RoleID, PermID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE softphones (
  PhoneID   INT NOT NULL AUTO_INCREMENT,
  UserID    INT DEFAULT NULL,
  SipUri    VARCHAR(128) DEFAULT NULL,
  Label     VARCHAR(32) DEFAULT NULL,
  isDefault TINYINT(1) DEFAULT NULL,
  PRIMARY KEY (PhoneID),
  KEY idxUser (UserID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE external_identities (
  ExtID      INT NOT NULL AUTO_INCREMENT,
  CustomerID INT NOT NULL,
  UserID     INT NOT NULL,
  Provider   VARCHAR(64) NOT NULL,
  ExternalID VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  LinkedDate DATETIME DEFAULT NULL,
  PRIMARY KEY (ExtID),
  UNIQUE KEY uqExternal (CustomerID, Provider, ExternalID),
  UNIQUE KEY uqUser (UserID, Provider)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE user_configuration (
  ConfID    INT NOT NULL AUTO_INCREMENT,
  UserID    INT DEFAULT NULL,
  ConfName  VARCHAR(64) DEFAULT NULL,
  ConfValue TEXT,
  PRIMARY KEY (ConfID),
  KEY idxUser (UserID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
