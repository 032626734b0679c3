// Package iq is the built-in profile: the SQL statements that read the IQ schema. It is also the
// example to start from when describing another schema.
package iq

import (
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

// Profile returns the profile of IQ. Its statements are in the common subset of MySQL and SQLite.
//
// Logins ignore ASCII case, because IQ's collation always let agents type them as they liked; two
// logins of a tenant that differ by case only are therefore nobody's. Old passwords, of type SHA1,
// are SHA-1 of the salt column and the password, in hex.
func Profile() legacy.Profile {
	return legacy.Profile{
		UserIDScope:     legacy.Global,
		LoginComparison: legacy.ASCIIFold,
		Passwords: passhash.Options{Templates: map[string]passhash.Template{
			"SHA1": {Format: "sha1({SALT}{PASSWORD})"},
		}},
		Statements: map[legacy.Statement]string{
			legacy.UserByLogin: "SELECT" + userColumns + hashColumns + userTables + `
				LEFT JOIN credentials c ON c.UserID = u.UserID AND c.isCurrent = 1
				WHERE u.CustomerID = :tenant AND u.UserName = :login`,
			legacy.UserByID: "SELECT" + userColumns + passwordChanged + userTables + `
				WHERE u.CustomerID = :tenant AND u.UserID = :user_id`,
			legacy.UserByEmail: "SELECT" + userColumns + passwordChanged + userTables + `
				WHERE u.CustomerID = :tenant AND u.eMail = :email`,
			legacy.UserByExternalID: "SELECT" + userColumns + passwordChanged + `,
				x.Provider AS connection, x.ExternalID AS external_id` + userTables + `
				JOIN external_identities x ON x.UserID = u.UserID AND x.CustomerID = u.CustomerID
				WHERE x.CustomerID = :tenant AND x.Provider = :connection AND x.ExternalID = :external_id`,

			legacy.Roles: `SELECT r.RoleName AS name
				FROM users u JOIN user_roles m ON m.UserID = u.UserID JOIN roles r ON r.RoleID = m.RoleID
				WHERE u.CustomerID = :tenant AND u.UserID = :user_id AND r.RoleName IS NOT NULL`,
			legacy.Permissions: `SELECT DISTINCT p.PermName AS name
				FROM users u JOIN user_roles m ON m.UserID = u.UserID
				JOIN role_permissions rp ON rp.RoleID = m.RoleID JOIN permissions p ON p.PermID = rp.PermID
				WHERE u.CustomerID = :tenant AND u.UserID = :user_id AND p.PermName IS NOT NULL`,
			// The user's group, and the one above it.
			legacy.Groups: `SELECT g.GroupName AS name
				FROM users u JOIN user_groups own ON own.GroupID = u.GroupID
				JOIN user_groups g ON g.GroupID = own.GroupID OR g.GroupID = own.ParentGroupID
				WHERE u.CustomerID = :tenant AND u.UserID = :user_id AND g.GroupName IS NOT NULL`,
			legacy.Softphones: `SELECT s.SipUri AS address, s.isDefault AS is_default
				FROM users u JOIN softphones s ON s.UserID = u.UserID
				WHERE u.CustomerID = :tenant AND u.UserID = :user_id AND s.SipUri IS NOT NULL
				ORDER BY s.PhoneID`,
			legacy.Configuration: `SELECT c.ConfName AS name, c.ConfValue AS value
				FROM users u JOIN user_configuration c ON c.UserID = u.UserID
				WHERE u.CustomerID = :tenant AND u.UserID = :user_id AND c.ConfName IS NOT NULL`,

			legacy.Tenant: `SELECT k.CustomerID AS tenant_id, k.CustomerName AS name, k.isActive AS active, k.CustomerNo AS customer_number
				FROM customers k WHERE k.CustomerID = :tenant`,
			// By the beginning of the login. INSTR counts characters on both engines, where LENGTH may count bytes.
			legacy.SearchUsers: "SELECT" + userColumns + userTables + `
				WHERE u.CustomerID = :tenant AND INSTR(LOWER(u.UserName), LOWER(:query)) = 1
				ORDER BY u.UserName LIMIT :limit`,
			legacy.ListGroups: `SELECT g.GroupName AS name FROM user_groups g
				WHERE g.CustomerID = :tenant AND g.GroupName IS NOT NULL`,
			legacy.ListSolutions: `SELECT DISTINCT c.ConfValue AS name
				FROM users u JOIN user_configuration c ON c.UserID = u.UserID
				WHERE u.CustomerID = :tenant AND c.ConfName = 'solution_id' AND c.ConfValue IS NOT NULL`,
			legacy.UsernameExists: `SELECT u.UserName AS username FROM users u
				WHERE u.CustomerID = :tenant AND u.UserName = :login`,

			// Outer joins, so that users without a customer, whom no login finds, are not passed over.
			legacy.CountUsers: "SELECT COUNT(*) AS users FROM users",
			legacy.ScanUsers: "SELECT" + userColumns + hashColumns + `
				FROM users u
				LEFT JOIN customers k ON k.CustomerID = u.CustomerID
				LEFT JOIN user_groups g ON g.GroupID = u.GroupID
				LEFT JOIN credentials c ON c.UserID = u.UserID AND c.isCurrent = 1
				WHERE u.UserID > COALESCE(:after, 0) ORDER BY u.UserID LIMIT :limit`,
			legacy.ScanSoftphones: `SELECT u.CustomerID AS tenant_id, s.UserID AS user_id, s.SipUri AS address, s.isDefault AS is_default
				FROM softphones s JOIN users u ON u.UserID = s.UserID
				WHERE s.UserID > COALESCE(:after, 0) AND s.SipUri IS NOT NULL
				ORDER BY s.UserID, s.PhoneID LIMIT :limit`,
			legacy.ScanExternalIDs: `SELECT x.CustomerID AS tenant_id, x.UserID AS user_id, x.Provider AS connection, x.ExternalID AS external_id
				FROM external_identities x
				WHERE x.UserID > COALESCE(:after, 0) ORDER BY x.UserID, x.Provider LIMIT :limit`,

			// A new hash says by itself what it is, and carries its salt.
			legacy.UpdatePassword: `UPDATE credentials SET PwHash = :new_hash, PwSalt = NULL, PwType = NULL
				WHERE UserID = :user_id AND isCurrent = 1 AND PwHash = :old_hash
				AND EXISTS (SELECT 1 FROM users u WHERE u.UserID = :user_id AND u.CustomerID = :tenant)`,

			legacy.ExternalIDsOfUser: `SELECT x.Provider AS connection, x.ExternalID AS external_id
				FROM external_identities x
				WHERE x.CustomerID = :tenant AND x.UserID = :user_id`,
			// The table's unique keys, uqExternal and uqUser, decide between two at once.
			legacy.LinkExternalID: `INSERT INTO external_identities (CustomerID, UserID, Provider, ExternalID, LinkedDate)
				SELECT u.CustomerID, u.UserID, :connection, :external_id, CURRENT_TIMESTAMP
				FROM users u WHERE u.CustomerID = :tenant AND u.UserID = :user_id`,
			legacy.UnlinkExternalID: `DELETE FROM external_identities
				WHERE CustomerID = :tenant AND UserID = :user_id AND Provider = :connection AND ExternalID = :external_id`,

			// Whoever comes by an identity provider has no password here. The inner SELECT locks the login on
			// MySQL, where no unique key does.
			legacy.CreateUser: `INSERT INTO users (CustomerID, GroupID, UserName, FirstName, LastName, DisplayName,
				eMail, eMailConfirmed, Lang, UserType, Status, SSOOnly, CreatedDate)
				SELECT k.CustomerID,
				(SELECT MIN(g.GroupID) FROM user_groups g WHERE g.CustomerID = k.CustomerID AND g.GroupName = :user_group),
				:login, :given_name, :family_name, :display_name, :email, 'Y', :locale, 'person', 'A', 1, CURRENT_TIMESTAMP
				FROM customers k WHERE k.CustomerID = :tenant
				AND NOT EXISTS (SELECT 1 FROM users u WHERE u.CustomerID = k.CustomerID AND u.UserName = :login)`,
		},
	}
}

const (
	// A user of a customer that was switched off is not active either.
	userColumns = `
		u.UserID AS user_id, u.CustomerID AS tenant_id, u.UserName AS username,
		CASE WHEN u.Status = 'A' AND k.isActive = 1 THEN 1 ELSE 0 END AS active,
		u.eMail AS email, CASE WHEN u.eMailConfirmed = 'Y' THEN 1 ELSE 0 END AS email_verified,
		u.FirstName AS given_name, u.LastName AS family_name, u.DisplayName AS display_name,
		u.Lang AS locale, u.UserType AS user_type, g.GroupName AS user_group, u.SSOOnly AS federated_only`

	hashColumns = `,
		c.PwHash AS password_hash, c.PwSalt AS password_salt, c.PwType AS password_scheme, c.PwChanged AS password_changed_at`

	userTables = `
		FROM users u
		JOIN customers k ON k.CustomerID = u.CustomerID
		LEFT JOIN user_groups g ON g.GroupID = u.GroupID`

	// A subquery, so that a second current credential does not make one user two.
	//nolint:gosec // a statement, not a password
	passwordChanged = `,
		(SELECT MAX(c.PwChanged) FROM credentials c WHERE c.UserID = u.UserID AND c.isCurrent = 1) AS password_changed_at`
)
