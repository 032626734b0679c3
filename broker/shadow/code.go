package shadow

// A Code names a kind of difference. "Here" is the legacy database, "there" the shadow.
type Code string

// The codes.
const (
	UserMissing          Code = "user_missing"
	UserAmbiguous        Code = "user_ambiguous"
	UserUnreadable       Code = "user_unreadable"
	UserExtra            Code = "user_extra"
	UserIDDiffers        Code = "user_id_differs"
	InactiveThere        Code = "inactive_there"
	ActiveThere          Code = "active_there"
	FederatedOnlyDiffers Code = "federated_only_differs"
	PasswordRefused      Code = "password_refused"
	PasswordUnverifiable Code = "password_unverifiable"
	PasswordAdmitted     Code = "password_admitted"
	SoftphonesDiffer     Code = "softphones_differ"
	UsernameDiffers      Code = "username_differs"
	NamesDiffer          Code = "names_differ"
	EmailDiffers         Code = "email_differs"
	RolesDiffer          Code = "roles_differ"
	GroupsDiffer         Code = "groups_differ"
	SchemeDiffers        Code = "scheme_differs"
)

// Severity says what a difference means.
type Severity string

// The severities.
const (
	// Error: after the move somebody is locked out, is somebody else, or gets in who does not now.
	Error Severity = "error"
	// Warning: people get in, and applications are told otherwise about them.
	Warning Severity = "warning"
	// Note: worth knowing, and often what the move is for.
	Note Severity = "note"
)

// A Kind describes a code.
type Kind struct {
	Severity Severity
	Meaning  string
	Action   string
}

// Kinds describes all codes.
func Kinds() map[Code]Kind {
	return map[Code]Kind{
		UserMissing: {
			Error, "Found here, and nobody there: these people cannot log in after the move.",
			"Copy them, or see whether login names are spelled otherwise there (case, space, domain). Those in external_id lack their link.",
		},
		UserAmbiguous: {
			Error, "Found here, and several there: nobody is let in where two match.",
			"Make the login, address or external id unique there.",
		},
		UserUnreadable: {
			Error, "Found here, and the row there is not as a user's must be, such as one with a NULL.",
			"'patchbay check --shadow' names the rows and columns.",
		},
		UserExtra: {
			Warning, "Nobody here, and somebody there: the name or id that was tried would begin to work.",
			"See whether these users were meant to be made, or are copies of users deleted here.",
		},
		UserIDDiffers: {
			Error, "Another user id there: subjects of tokens, recorded links and the applications' own data name the old one.",
			"Keep the ids, or plan how applications learn the new ones.",
		},
		InactiveThere: {
			Error, "Active here, and switched off there: these people cannot log in after the move.",
			"Compare what the two profiles make of the column behind active.",
		},
		ActiveThere: {
			Error, "Switched off here, and active there: these people get in after the move.",
			"Compare what the two profiles make of the column behind active; switch them off there.",
		},
		FederatedOnlyDiffers: {
			Error, "Bound to an identity provider in one database, and not in the other.",
			"Compare what the two profiles make of the column behind federated_only.",
		},
		PasswordRefused: {
			Error, "The password is right here, and wrong there.",
			"If they were changed since the copy, copy the hashes again; if all of a scheme are refused, its template or salt is read wrongly there.",
		},
		PasswordUnverifiable: {
			Error, "The password is right here, and there is none there, or one that nobody can verify.",
			"'patchbay check --shadow' says what those hashes look like; copy the missing ones.",
		},
		PasswordAdmitted: {
			Error, "A password that is wrong here is right there: an old one, or everybody's.",
			"Copy the hashes again. If the users have nothing in common, look for a password that the import gave to all.",
		},
		SoftphonesDiffer: {
			Error, "Other softphone addresses, or another default: switches will refuse their registrations.",
			"Compare the statement softphones of the two profiles.",
		},
		UsernameDiffers: {
			Warning, "The login name is spelled otherwise: tokens say preferred_username.",
			"Keep the spelling, or see that no application compares it.",
		},
		NamesDiffer:  {Warning, "Given, family or display name differ.", "Copy them again, or leave names out of legacy.shadow.compare."},
		EmailDiffers: {Warning, "The address differs, or whether it is verified.", "Copy it again: mapping rules and applications may find people by it."},
		RolesDiffer:  {Warning, "Roles or permissions differ: applications will allow more, or less.", "Compare the statements roles and permissions of the two profiles."},
		GroupsDiffer: {Warning, "Groups, or the user's group or type, differ.", "Compare the statement groups and the columns user_group and user_type of the two profiles."},
		SchemeDiffers: {
			Note, "The password is stored by another scheme there.",
			"Nothing, where that was meant. password_refused tells whether it went wrong.",
		},
	}
}
