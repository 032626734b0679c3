package proof

// A Code names a kind of finding. Codes do not change: monitoring may rely on them.
type Code string

// The codes.
const (
	ProfileInvalid  Code = "profile_invalid"
	Nobody          Code = "nobody"
	IDAmbiguous     Code = "user_id_ambiguous"
	IDMisses        Code = "user_by_id_misses"
	LoginMisses     Code = "user_by_login_misses"
	LoginCase       Code = "user_by_login_case"
	EmailCase       Code = "user_by_email_case"
	EmailCapitals   Code = "email_case"
	EmailMisses     Code = "user_by_email_misses"
	DetailsFail     Code = "details_unreadable"
	LinkMisses      Code = "user_by_external_id_misses"
	LinkOfAnother   Code = "external_id_of_another"
	LinkOfNobody    Code = "external_id_of_nobody"
	LinkUnusable    Code = "external_id_unusable"
	FullScan        Code = "full_scan"
	PlansUnknown    Code = "plans_unknown"
	NoScan          Code = "not_scanned"
	UserUnreadable  Code = "user_unreadable"
	LoginUnusable   Code = "login_unusable"
	LoginUntidy     Code = "login_untidy"
	LoginAmbiguous  Code = "login_ambiguous"
	EmailAmbiguous  Code = "email_ambiguous"
	LinkAmbiguous   Code = "external_id_ambiguous"
	HashUnknown     Code = "hash_unknown"
	HashTooCostly   Code = "hash_too_costly"
	HashPlaintext   Code = "hash_plaintext"
	PlainAllowed    Code = "plaintext_allowed"
	HashMissing     Code = "hash_missing"
	PhoneMalformed  Code = "softphone_malformed"
	PhoneForeign    Code = "softphone_foreign"
	PhoneUndecided  Code = "softphone_undecided"
	PhoneShared     Code = "softphone_shared"
	TenantUnknown   Code = "tenant_unknown"
	TenantEmpty     Code = "tenant_empty"
	CandidatesAreUp Code = "too_many_repetitions"
)

type kind struct {
	severity        Severity
	meaning, action string
}

func catalogue() map[Code]kind {
	return map[Code]kind{
		ProfileInvalid: {Error, "a statement or a value of the profile cannot be used", "Correct what is named. serve does not start with it."},
		Nobody:         {Error, "scan_users finds no user that can be read", "Look at the statement, and at user_unreadable below."},
		IDAmbiguous:    {Error, "user_by_id finds more than one user for an id", "An id must be unique (user_id_scope). If a join multiplies rows, make it a subquery."},
		IDMisses:       {Error, "user_by_id does not find a user whom scan_users shows", "Compare the conditions of the two statements, and user_id_type with the column."},
		LoginMisses:    {Error, "user_by_login does not find a user by the login that scan_users shows", "Compare the two statements, and login_comparison with what the column's collation does."},
		LoginCase:      {Error, "login_comparison is ascii-fold, and user_by_login does not find a user by other capitals", "Compare lower(column) with lower(:login), and have an index over the same, or say login_comparison: exact."},
		EmailCase:      {Error, "email_comparison is ascii-fold, and user_by_email does not find a user by other capitals", "Compare lower(column) with lower(:email), and have an index over the same, or say email_comparison: exact."},
		EmailMisses:    {Error, "user_by_email does not find a user by the e-mail address that scan_users shows", "Compare the two statements. An address that must not be found should be NULL in scan_users."},
		DetailsFail:    {Error, "roles, groups, softphones or configuration of a user cannot be read", "Their logins and tokens fail. The log of serve has the same error; NULLs and types are the usual reason."},
		LinkMisses:     {Error, "user_by_external_id does not find a user by the external id that scan_external_ids shows", "Compare the two statements, and what they make of connection and external_id: both are compared byte by byte."},
		LinkOfAnother:  {Error, "user_by_external_id finds another user by an external id than scan_external_ids shows", "Compare the joins of the two statements: one of them names the wrong user, and people would get into each other's accounts."},

		LinkUnusable:    {Warning, "an external id or its connection is NULL, empty, not text, or has more than 1024 bytes", "The row links nobody. Delete it, or give it its value."},
		LinkOfNobody:    {Warning, "an external id belongs to a user whom user_by_id does not find", "The row links nobody. Delete it."},
		FullScan:        {Warning, "a statement reads a whole table", "Make an index for its condition, or write the condition so that an index serves (no function around the column)."},
		PlansUnknown:    {Note, "the database does not say whether a statement reads a whole table", "Look at its plan yourself. SQL Server is never asked; others say nothing where no user or tenant could be read, or a column takes no such value."},
		NoScan:          {Note, "the profile has no statement to read everybody with", "Add it: without it, nothing is said about those rows."},
		UserUnreadable:  {Warning, "a user's row has a NULL or a value that its column must not have", "The user cannot log in. Repair the row, or what the statement makes of it: user_id, username and active must not be NULL, and flags are 0 or 1."},
		LoginUnusable:   {Warning, "a login is not text, holds a NUL, or has more than 1024 bytes", "Nobody can type it. Change it."},
		LoginUntidy:     {Warning, "a login begins or ends with white space, or is written with decomposed characters (not NFC)", "Nobody types it like that, and nothing is trimmed. Change it."},
		LoginAmbiguous:  {Warning, "a login finds more than one user, and so lets nobody in", "Rename all but one, or compare exactly (login_comparison). One user twice is a join in user_by_login that multiplies rows."},
		EmailAmbiguous:  {Warning, "an e-mail address is that of more than one user", "They cannot be matched by e-mail. Give each their own, or match by another claim."},
		EmailCapitals:   {Warning, "an e-mail address has capitals, and email_comparison is exact", "A rule with lower, such as {{ .email | lower }}, does not find the user. Say email_comparison: ascii-fold, or write the addresses without capitals."},
		LinkAmbiguous:   {Warning, "an external id finds more than one user", "Nobody gets in with it. Delete the wrong link, and make the key unique."},
		HashUnknown:     {Warning, "a stored password is of no known shape", "Those passwords cannot be verified. A template of the profile may describe them; locked accounts are like this too. unknown_shapes tells more."},
		HashTooCostly:   {Warning, "verifying a stored password would cost more than is allowed", "Those people need a new password. The limits are there because a login costs an attacker nothing."},
		HashPlaintext:   {Warning, "a password is stored in plain text, and is refused", "Let the people change it, or hash it. passwords.allow_plaintext accepts it for the time being."},
		PlainAllowed:    {Warning, "passwords.allow_plaintext is set: people get in with passwords that are stored in plain text", "Whoever reads the table has them. Let the people change theirs, or hash them (legacy.rehash does, as they log in), and take the setting away."},
		HashMissing:     {Note, "an active user has no password", "They can log in by single sign-on only."},
		PhoneMalformed:  {Warning, "a softphone address is none that a switch could match", "Write it as sip:user@host. Introspection tells switches no address for this user."},
		PhoneForeign:    {Warning, "a softphone address is outside the tenant's sip_domains, or has no host to go with", "Correct it, or add the domain to the tenant file."},
		PhoneUndecided:  {Warning, "a user has several softphones and no single default", "Mark one with is_default."},
		PhoneShared:     {Warning, "a softphone address belongs to more than one user of its tenant", "A switch cannot tell them apart. Give each their own."},
		TenantUnknown:   {Note, "users belong to a tenant that no tenant file has as its legacy_tenant", "They cannot log in until its file is applied."},
		TenantEmpty:     {Warning, "a tenant file's legacy_tenant has no users", "Compare it with tenant_id. It is compared as text, byte by byte."},
		CandidatesAreUp: {Note, "there are more repeated logins, addresses or ids than are looked at one by one", "Repair those that were counted, and check again."},
	}
}
