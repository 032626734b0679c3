package iq

// A KnownUser is a row of the seed whose password is published, for the demo and the tests.
type KnownUser struct {
	// Tenant is the CustomerID.
	Tenant string
	// UserID is the primary key.
	UserID    string
	Login     string
	Password  string // empty for a user without one
	FirstName string
	LastName  string
	Email     string
	// SoftphoneAddress is the one address a switch should learn, or empty where there is none or
	// more than one.
	SoftphoneAddress string
	// Scheme is how the password is stored: bcrypt, argon2id, aspnet-v3, sha1-salted,
	// sha512-crypt or phpass.
	Scheme string
	// ExternalID is the id that the user is already linked to on connection corp, or empty.
	ExternalID string
	Inactive   bool
	// Note says what the row is there for.
	Note string
}

// The tenants of the sample.
const (
	Acme    = "10010" // Acme Support: acme.example, sip pbx.acme.example
	Globex  = "10020" // Globex: globex.example, sip pbx.globex.example
	Initech = "10030" // Initech: initech.example, sip pbx.initech.example
)

// Known returns the users with published passwords. The first has everything: softphone, roles,
// permissions, groups and configuration.
func Known() []KnownUser {
	return []KnownUser{
		{
			Tenant: Acme, UserID: "4711", Login: "ana", Password: "demo-ana-4711", FirstName: "Ana", LastName: "Hansen",
			Email: "ana.hansen@acme.example", SoftphoneAddress: "sip:4711@pbx.acme.example", Scheme: "bcrypt",
			Note: "has everything",
		},
		{
			Tenant: Acme, UserID: "4712", Login: "bo", Password: "demo-bo-4712", FirstName: "Bo", LastName: "Lund",
			Email: "bo.lund@acme.example", SoftphoneAddress: "sip:4712@pbx.acme.example", Scheme: "argon2id",
			ExternalID: "corp|bo", Note: "linked on connection corp",
		},
		{
			Tenant: Acme, UserID: "4713", Login: "cleo", Password: "demo-cleo-4713", FirstName: "Cleo", LastName: "Nilsen",
			Email: "cleo.nilsen@acme.example", SoftphoneAddress: "sip:4713@pbx.acme.example", Scheme: "aspnet-v3",
			Note: "password from an ASP.NET portal",
		},
		{
			Tenant: Acme, UserID: "4714", Login: "dag", Password: "demo-dag-4714", FirstName: "Dag", LastName: "Moe",
			Email: "dag.moe@acme.example", SoftphoneAddress: "sip:4714@pbx.acme.example", Scheme: "sha1-salted",
			Note: "oldest password scheme, salt in its own column",
		},
		{
			Tenant: Acme, UserID: "4715", Login: "eva", Password: "demo-eva-4715", FirstName: "Eva", LastName: "Strand",
			Email: "eva.strand@acme.example", SoftphoneAddress: "sip:4715@pbx.acme.example", Scheme: "sha512-crypt",
			Note: "password from a Linux import",
		},
		{
			Tenant: Acme, UserID: "4716", Login: "finn", Password: "demo-finn-4716", FirstName: "Finn", LastName: "Aas",
			Email: "finn.aas@acme.example", SoftphoneAddress: "sip:4716@pbx.acme.example", Scheme: "phpass",
			Note: "password from a WordPress portal",
		},
		{
			Tenant: Acme, UserID: "4717", Login: "gro", Password: "demo-gro-4717", FirstName: "Gro", LastName: "Vik",
			Email: "gro.vik@acme.example", SoftphoneAddress: "sip:4717@pbx.acme.example", Scheme: "bcrypt",
			Inactive: true, Note: "switched off",
		},
		{
			Tenant: Acme, UserID: "4718", Login: "hege", Password: "demo-hege-4718", FirstName: "Hege", LastName: "Dahl",
			Email: "hege.dahl@acme.example", Scheme: "bcrypt", Note: "no softphone",
		},
		{
			Tenant: Acme, UserID: "4719", Login: "ivar", Password: "demo-ivar-4719", FirstName: "Ivar", LastName: "Sund",
			Email: "ivar.sund@acme.example", Scheme: "bcrypt", Note: "two softphones, neither the default",
		},
		{
			Tenant: Acme, UserID: "4720", Login: "jon", FirstName: "Jon", LastName: "Bakke",
			Email: "jon.bakke@acme.example", SoftphoneAddress: "sip:4720@pbx.acme.example", Note: "federated only, no password",
		},
		{
			Tenant: Globex, UserID: "5711", Login: "ana", Password: "demo-ana-5711", FirstName: "Anna", LastName: "Berg",
			Email: "anna.berg@globex.example", SoftphoneAddress: "sip:5711@pbx.globex.example", Scheme: "bcrypt",
			Note: "same login as 4711, another tenant",
		},
		{
			Tenant: Globex, UserID: "5712", Login: "bill", Password: "demo-bill-5712", FirstName: "Bill", LastName: "Stone",
			Email: "bill.stone@globex.example", SoftphoneAddress: "sip:5712@pbx.globex.example", Scheme: "argon2id",
			ExternalID: "corp|bo", Note: "linked on connection corp with the external id that 4712 has in the other tenant",
		},
		{
			Tenant: Initech, UserID: "6711", Login: "peter", Password: "demo-peter-6711", FirstName: "Peter", LastName: "Gibbons",
			Email: "peter.gibbons@initech.example", SoftphoneAddress: "sip:6711@pbx.initech.example", Scheme: "sha512-crypt",
			Note: "an agent of the third tenant",
		},
	}
}
