package proof_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/legacy/proof"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

func engines(t *testing.T, test func(*testing.T, legacy.Engine)) {
	for _, engine := range []legacy.Engine{legacy.SQLite, legacy.MySQL} {
		t.Run(string(engine), func(t *testing.T) { test(t, engine) })
	}
}

func prove(t *testing.T, c legacy.Config, tenants map[mapping.TenantKey][]string) (proof.Report, map[proof.Code]proof.Finding) {
	t.Helper()
	report, err := proof.Run(t.Context(), proof.Config{DB: legacytest.Open(t, c), Tenants: tenants})
	if err != nil {
		t.Fatal(err)
	}
	found := map[proof.Code]proof.Finding{}
	for _, f := range report.Findings {
		if f.Meaning == "" || f.Action == "" || len(f.Samples) == 0 || len(f.Samples) > 5 || f.Count < len(f.Samples) {
			t.Errorf("%+v", f)
		}
		found[f.Code] = f
	}
	return report, found
}

// sound is a small forum without a fault, for changing one thing at a time.
func sound(t *testing.T, engine legacy.Engine) legacy.Config {
	t.Helper()
	c := legacytest.Foreign(t, "../../testdata/phpbb", engine)
	legacytest.Exec(t, c, "DELETE FROM phpbb_users WHERE user_id IN (6, 7)") // 7 because SQLite's LOWER does not know É
	return c
}

func forum() map[mapping.TenantKey][]string {
	return map[mapping.TenantKey][]string{"forum": {"pbx.forum.example"}}
}

// TestFindings breaks one thing at a time in a database that is sound.
func TestFindings(t *testing.T) {
	engines(t, func(t *testing.T, engine legacy.Engine) {
		if _, found := prove(t, sound(t, engine), forum()); len(found) > 0 {
			t.Fatalf("the control: %+v", found)
		}
		long := strings.Repeat("x", 80)
		caseful := map[legacy.Engine]string{legacy.SQLite: "u.username = :login", legacy.MySQL: "u.username = CAST(:login AS BINARY)"}
		for _, tt := range []struct {
			name, sql string
			statement legacy.Statement // replaced, if set
			old, new  string
			want      proof.Code
			sample    string
		}{
			{name: "shared e-mail", sql: "UPDATE phpbb_users SET user_email = 'ana@forum.example' WHERE user_id = 4", want: proof.EmailAmbiguous, sample: "forum"},
			{name: "unknown hash", sql: "UPDATE phpbb_users SET user_password = '" + long + "' WHERE user_id = 4", want: proof.HashUnknown, sample: "f…/4"},
			{name: "costly hash", sql: "UPDATE phpbb_users SET user_password = REPLACE(user_password, '$12$', '$30$') WHERE user_id = 3", want: proof.HashTooCostly, sample: "f…/3"},
			{name: "plain text", sql: "UPDATE phpbb_users SET user_password = '{noop}secret' WHERE user_id = 3", want: proof.HashPlaintext, sample: "f…/3"},
			{name: "no password", sql: "UPDATE phpbb_users SET user_password = '' WHERE user_id = 3", want: proof.HashMissing, sample: "f…/3"},
			{name: "empty login", sql: "UPDATE phpbb_users SET username = '' WHERE user_id = 3", want: proof.UserUnreadable, sample: "f…/3 in username"},
			{name: "white space", sql: "UPDATE phpbb_users SET username = 'bo ', username_clean = 'bo ' WHERE user_id = 3", want: proof.LoginUntidy, sample: "f…/3"},
			{name: "long login", statement: legacy.ScanUsers, old: "u.username,", new: "CASE WHEN u.user_id = 3 THEN REPEAT('x', 2000) ELSE u.username END AS username,", want: proof.LoginUnusable, sample: "f…/3"},
			{name: "malformed softphone", sql: "UPDATE phpbb_profile_fields_data SET pf_phone = 'http://x' WHERE user_id = 3", want: proof.PhoneMalformed, sample: "f…/3"},
			{name: "foreign softphone", sql: "UPDATE phpbb_profile_fields_data SET pf_phone = 'sip:3@evil.example' WHERE user_id = 3", want: proof.PhoneForeign, sample: "f…/3"},
			{name: "shared softphone", sql: "UPDATE phpbb_profile_fields_data SET pf_phone = '<SIP:2@PBX.forum.example:5060>' WHERE user_id = 3", want: proof.PhoneShared, sample: "f…/3"},
			{name: "link of nobody", sql: "INSERT INTO phpbb_oauth_accounts (user_id, provider, oauth_provider_id) VALUES (99, 'corp', 'x')", want: proof.LinkOfNobody, sample: "f…/99"},
			{name: "softphone that is NULL", statement: legacy.ScanSoftphones, old: "pf_phone AS address", new: "CASE WHEN user_id = 2 THEN NULL ELSE pf_phone END AS address", want: proof.DetailsFail, sample: "f…/2"},
			{name: "ten megabytes", statement: legacy.ScanUsers, old: "u.user_email AS email", new: "CASE WHEN u.user_id = 3 THEN REPEAT('x', 10000000) ELSE u.user_email END AS email", want: proof.UserUnreadable, sample: "f…/3"},
			{name: "everybody is unreadable", statement: legacy.ScanUsers, old: "'forum' AS tenant_id", new: "'' AS tenant_id", want: proof.Nobody, sample: "scan_users"},
			{name: "id that multiplies", statement: legacy.UserByID, old: "LEFT JOIN phpbb_groups g ON g.group_id = u.group_id", new: "CROSS JOIN phpbb_groups g", want: proof.IDAmbiguous, sample: "f…/"},
			{name: "id that misses", statement: legacy.UserByID, old: "WHERE", new: "WHERE u.user_type = 0 AND", want: proof.IDMisses, sample: "f…/"},
			{name: "login that misses", statement: legacy.UserByLogin, old: "LOWER(:login)", new: "CONCAT('x', :login)", want: proof.LoginMisses, sample: "f…/"},
			{name: "login that misses other capitals", statement: legacy.UserByLogin, old: "u.username_clean = LOWER(:login)", new: caseful[engine], want: proof.LoginCase, sample: "f…/"},
			{name: "e-mail that misses", statement: legacy.UserByEmail, old: "= :email", new: "= CONCAT('x', :email)", want: proof.EmailMisses, sample: "f…/"},
			{name: "role that is NULL", statement: legacy.Roles, old: "'administrator'", new: "NULL", want: proof.DetailsFail, sample: "f…/2"},
			{name: "no statement to scan by", statement: legacy.ScanUsers, want: proof.NoScan, sample: "scan_users"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				c := sound(t, engine)
				if tt.sql != "" {
					legacytest.Exec(t, c, tt.sql)
				}
				if tt.statement != "" {
					before := c.Profile.Statements[tt.statement]
					c.Profile.Statements[tt.statement] = strings.Replace(before, tt.old, tt.new, 1)
					if tt.old == "" {
						c.Profile.Statements[tt.statement] = ""
					} else if c.Profile.Statements[tt.statement] == before {
						t.Fatal("the case changes nothing")
					}
				}
				if engine == legacy.SQLite && strings.Contains(tt.new, "REPEAT") {
					c.Profile.Statements[tt.statement] = strings.Replace(c.Profile.Statements[tt.statement], "REPEAT('x', 2000)", "printf('%.2000c', 'x')", 1)
					c.Profile.Statements[tt.statement] = strings.Replace(c.Profile.Statements[tt.statement], "REPEAT('x', 10000000)", "printf('%.10000000c', 'x')", 1)
				}
				_, found := prove(t, c, forum())
				f, ok := found[tt.want]
				if !ok || !strings.HasPrefix(f.Samples[0], tt.sample) && tt.want != proof.EmailAmbiguous {
					t.Errorf("want %s of %s, got %+v", tt.want, tt.sample, found)
				}
				if all := fmt.Sprint(f.Samples); strings.Contains(all, "@") || strings.Contains(all, "ana") || strings.Contains(all, long) {
					t.Errorf("it shows too much: %s", all)
				}
			})
		}
	})
}

// TestPlaintextAllowed warns of a setting that lets people in, and of one that lets in nobody.
func TestPlaintextAllowed(t *testing.T) {
	c := sound(t, legacy.SQLite)
	allowed := func(count int, sample string) {
		t.Helper()
		_, found := prove(t, c, forum())
		f, ok := found[proof.PlainAllowed]
		if ok != (count > 0) || f.Count != count || ok && !slices.Equal(f.Samples, []string{sample}) || found[proof.HashUnknown].Count > 0 {
			t.Fatalf("want %d, %q: %+v", count, sample, found)
		}
	}
	allowed(0, "") // the control
	c.Profile.Passwords.AllowPlaintext = true
	allowed(1, "passwords.allow_plaintext")
	legacytest.Exec(t, c, "UPDATE phpbb_users SET user_password = '{noop}secret' WHERE user_id = 3")
	allowed(1, "f…/3")
	c.Profile.Statements[legacy.ScanUsers] = ""
	allowed(1, "passwords.allow_plaintext")
	c.Profile.Passwords.AllowPlaintext = false
	allowed(0, "")
}

// TestLinkOfTwo takes the unique key away that stands behind links.
func TestLinkOfTwo(t *testing.T) {
	engines(t, func(t *testing.T, engine legacy.Engine) {
		c := sound(t, engine)
		drop := map[legacy.Engine]string{
			legacy.SQLite: "DROP INDEX phpbb_oauth_accounts_identity", legacy.MySQL: "ALTER TABLE phpbb_oauth_accounts DROP INDEX identity",
		}
		legacytest.Exec(t, c, drop[engine])
		link := "INSERT INTO phpbb_oauth_accounts (user_id, provider, oauth_provider_id) VALUES (?, 'corp', 'twice')"
		legacytest.Exec(t, c, link, 3)
		if _, found := prove(t, c, forum()); found[proof.LinkAmbiguous].Count != 0 {
			t.Fatalf("the control: %+v", found)
		}
		legacytest.Exec(t, c, link, 4)
		if _, found := prove(t, c, forum()); found[proof.LinkAmbiguous].Count != 1 {
			t.Errorf("got %+v", found)
		}
	})
}

// TestLinks breaks one thing at a time about a link that is sound.
func TestLinks(t *testing.T) {
	engines(t, func(t *testing.T, engine legacy.Engine) {
		linked := func(t *testing.T) legacy.Config {
			c := sound(t, engine)
			legacytest.Exec(t, c, "INSERT INTO phpbb_oauth_accounts (user_id, provider, oauth_provider_id) VALUES (3, 'corp', 'x')")
			return c
		}
		if report, found := prove(t, linked(t), forum()); report.Links != 1 || len(found) > 0 {
			t.Fatalf("the control: %d links, %+v", report.Links, found)
		}
		for _, tt := range []struct {
			name, sql string
			statement legacy.Statement
			old, new  string
			want      proof.Code
		}{
			{name: "of nobody", sql: "UPDATE phpbb_oauth_accounts SET user_id = 99", want: proof.LinkOfNobody},
			{name: "NULL", statement: legacy.ScanExternalIDs, old: "oauth_provider_id AS", new: "NULL AS", want: proof.LinkUnusable},
			{name: "empty", sql: "UPDATE phpbb_oauth_accounts SET oauth_provider_id = ''", want: proof.LinkUnusable},
			{name: "no connection", sql: "UPDATE phpbb_oauth_accounts SET provider = ''", want: proof.LinkUnusable},
			{name: "somebody else's", statement: legacy.UserByExternalID, old: "ON u.user_id = o.user_id", new: "ON u.user_id = o.user_id - 1", want: proof.LinkOfAnother},
			{name: "somebody else's by the scan", statement: legacy.ScanExternalIDs, old: "tenant_id, user_id,", new: "tenant_id, user_id + 1 AS user_id,", want: proof.LinkOfAnother},
			{name: "missed", statement: legacy.UserByExternalID, old: "= :external_id", new: "= CONCAT('x', :external_id)", want: proof.LinkMisses},
			{name: "missed as its user is unreadable", statement: legacy.UserByExternalID, old: "CASE WHEN u.user_type IN (0, 3) THEN 1 ELSE 0 END AS active", new: "NULL AS active", want: proof.LinkMisses},
			{name: "multiplied", statement: legacy.UserByExternalID, old: "WHERE", new: "CROSS JOIN phpbb_groups g WHERE", want: proof.LinkAmbiguous},
		} {
			t.Run(tt.name, func(t *testing.T) {
				c := linked(t)
				if tt.sql != "" {
					legacytest.Exec(t, c, tt.sql)
				} else {
					before := c.Profile.Statements[tt.statement]
					if c.Profile.Statements[tt.statement] = strings.Replace(before, tt.old, tt.new, 1); c.Profile.Statements[tt.statement] == before {
						t.Fatal("the case changes nothing")
					}
				}
				_, found := prove(t, c, forum())
				delete(found, proof.FullScan) // some of the above need one
				if len(found) != 1 || found[tt.want].Count != 1 {
					t.Errorf("want only %s, got %+v", tt.want, found)
				}
			})
		}
	})
}

// TestCapitalsOfAddresses has one user's address in capitals, and then another's of the same letters.
func TestCapitalsOfAddresses(t *testing.T) {
	engines(t, func(t *testing.T, engine legacy.Engine) {
		c := sound(t, engine)
		only := func(c legacy.Config, want map[proof.Code]int) {
			t.Helper()
			_, found := prove(t, c, forum())
			delete(found, proof.FullScan) // by lower(column)
			counts := map[proof.Code]int{}
			for code, f := range found {
				counts[code] = f.Count
			}
			if !maps.Equal(counts, want) {
				t.Fatalf("want %v, got %+v", want, found)
			}
		}
		only(c, map[proof.Code]int{}) // the control
		legacytest.Exec(t, c, "UPDATE phpbb_users SET user_email = 'Bo@Forum.example' WHERE user_id = 3")
		only(c, map[proof.Code]int{proof.EmailCapitals: 1})
		c.Profile.EmailComparison = legacy.ASCIIFold // which the statement does not know
		only(c, map[proof.Code]int{proof.EmailCase: 5})
		folded := strings.Replace(c.Profile.Statements[legacy.UserByEmail], "u.user_email = :email", "LOWER(u.user_email) = LOWER(:email)", 1)
		c.Profile.Statements[legacy.UserByEmail] = folded
		only(c, map[proof.Code]int{})
		legacytest.Exec(t, c, "UPDATE phpbb_users SET user_email = 'bo@forum.example' WHERE user_id = 4")
		only(c, map[proof.Code]int{proof.EmailAmbiguous: 1})
	})
}

// TestTooManyRepetitions has more shared addresses than are looked at one by one.
func TestTooManyRepetitions(t *testing.T) {
	if testing.Short() {
		t.Skip("twenty thousand users")
	}
	c := legacytest.IQConfig(t, legacy.SQLite)
	if err := iq.Fill(t.Context(), legacytest.SQL(t, c), 20_400); err != nil {
		t.Fatal(err)
	}
	_, found := prove(t, c, nil)
	if _, ok := found[proof.CandidatesAreUp]; ok {
		t.Fatal("the control: there are too many already")
	}
	legacytest.Exec(t, c, "UPDATE users SET eMail = 'm' || (UserID / 2) || '@acme.example' WHERE UserID >= ?", iq.FirstFilled)
	_, found = prove(t, c, nil)
	if found[proof.CandidatesAreUp].Count != 1 || found[proof.EmailAmbiguous].Count < 9_900 {
		t.Errorf("%+v, and %d addresses of two", found[proof.CandidatesAreUp], found[proof.EmailAmbiguous].Count)
	}
}

// TestFullScan drops an index.
func TestFullScan(t *testing.T) {
	c := sound(t, legacy.SQLite)
	legacytest.Exec(t, c, "DROP INDEX phpbb_users_username_clean")
	_, found := prove(t, c, forum())
	if f := found[proof.FullScan]; !slices.Contains(f.Samples, "user_by_login on u") {
		t.Errorf("got %+v", found)
	}
}

// TestPlans asks for plans where there is nobody to ask about, and for those of the profile's own statements.
func TestPlans(t *testing.T) {
	const own = legacy.Statement("user_by_language")
	engines(t, func(t *testing.T, engine legacy.Engine) {
		c := sound(t, engine)
		db := legacytest.SQL(t, c)
		for i := range 200 { // so that MySQL does not take the table for a small one
			if _, err := db.ExecContext(t.Context(), "INSERT INTO phpbb_users (username, username_clean, user_email) VALUES (?, ?, '')", fmt.Sprint("n", i), fmt.Sprint("n", i)); err != nil {
				t.Fatal(err)
			}
		}
		plans := func(tenants map[mapping.TenantKey][]string) (scans, unknown []string) {
			t.Helper()
			_, found := prove(t, c, tenants)
			return found[proof.FullScan].Samples, found[proof.PlansUnknown].Samples
		}
		if scans, unknown := plans(forum()); len(scans)+len(unknown) > 0 {
			t.Fatalf("the control: %v, %v", scans, unknown)
		}
		statement := func(columns, condition string) string {
			return "SELECT u.user_id, u.username_clean AS username, 1 AS active, " + columns + " FROM phpbb_users u WHERE :tenant = 'forum' AND " + condition
		}
		for name, text := range map[string]string{
			"the table":             statement("u.user_lang AS value", "u.user_lang = :value"),
			"the whole of an index": statement("u.username_clean AS value", "CONCAT(u.username_clean, '') = :value"),
		} {
			c.Profile.Statements[own] = text
			if scans, unknown := plans(forum()); !slices.Equal(scans, []string{"user_by_language on u"}) || len(unknown) > 0 {
				t.Errorf("%s: %v, %v", name, scans, unknown)
			}
		}
		c.Profile.Statements[legacy.ScanUsers] = ""
		if scans, _ := plans(forum()); !slices.Equal(scans, []string{"user_by_language on u"}) {
			t.Errorf("with nobody read: %v", scans)
		}
		if _, unknown := plans(nil); engine == legacy.MySQL && len(unknown) == 0 {
			t.Error("with no tenant known, nothing is unknown")
		}
	})
}

// TestPlansOnPostgres: with a value, it tells what it would read; of a value that no column of the type has, nothing.
func TestPlansOnPostgres(t *testing.T) {
	c := legacytest.Foreign(t, "../../testdata/django", legacy.Postgres)
	if _, found := prove(t, c, nil); found[proof.FullScan].Count+found[proof.PlansUnknown].Count > 0 {
		t.Fatalf("the control: %+v", found)
	}
	byValue := func(column, condition string) {
		c.Profile.Statements["user_by_own"] = "SELECT u.id AS user_id, u.username, 1 AS active, " + column + " AS value FROM auth_user u WHERE :tenant = 'site' AND " + condition
	}
	byValue("u.first_name", "u.first_name = :value")
	if _, found := prove(t, c, nil); !slices.Equal(found[proof.FullScan].Samples, []string{"user_by_own on auth_user"}) {
		t.Errorf("of the table: %+v", found)
	}
	byValue("u.first_name", "u.first_name = CAST(CAST(:value AS uuid) AS text)")
	if _, found := prove(t, c, nil); !slices.Equal(found[proof.PlansUnknown].Samples, []string{"user_by_own"}) {
		t.Errorf("of a uuid: %+v", found)
	}
}

func TestTenants(t *testing.T) {
	_, found := prove(t, sound(t, legacy.SQLite), map[mapping.TenantKey][]string{"Forum": nil})
	if found[proof.TenantUnknown].Count != 5 || found[proof.TenantEmpty].Count != 1 {
		t.Errorf("got %+v", found)
	}
}

// TestSampleIQ reads everything such a table collects over twenty years.
func TestSampleIQ(t *testing.T) {
	engines(t, func(t *testing.T, engine legacy.Engine) {
		report, found := prove(t, legacytest.IQConfig(t, engine), map[mapping.TenantKey][]string{
			iq.Acme: {"pbx.acme.example"}, iq.Globex: {"pbx.globex.example"}, iq.Initech: {"pbx.initech.example"},
		})
		counts := map[proof.Code]int{}
		for code, f := range found {
			counts[code] = f.Count
		}
		want := map[proof.Code]int{
			proof.LoginAmbiguous: 2, proof.EmailAmbiguous: 1, proof.EmailCapitals: 1, proof.UserUnreadable: 1, proof.HashUnknown: 1, proof.HashMissing: 3,
			proof.LoginUntidy: 1, proof.PhoneForeign: 1, proof.PhoneUndecided: 1,
		}
		if !maps.Equal(counts, want) || report.Worst() != proof.Warning || report.UnknownShapes["7 other characters"] != 1 {
			t.Errorf("got %v, want %v; %+v", counts, want, report)
		}
	})
}

// TestPages reads more users than fit on a page, one of whom has two rows there where it ends.
func TestPages(t *testing.T) {
	engines(t, func(t *testing.T, engine legacy.Engine) {
		c := legacytest.IQConfig(t, engine)
		db := legacytest.SQL(t, c)
		if err := iq.Fill(t.Context(), db, 2500); err != nil {
			t.Fatal(err)
		}
		plain, _ := prove(t, c, nil)
		// Every user's row becomes the last on its page once, as credentials are added one by one.
		for id := iq.FirstFilled + 780; id < iq.FirstFilled+800; id++ {
			for range 2 {
				legacytest.Exec(t, c, "INSERT INTO credentials (UserID, PwHash, isCurrent) VALUES (?, '', 1)", id)
			}
		}
		report, found := prove(t, c, nil)
		if report.Users != plain.Users+20 || found[proof.LoginAmbiguous].Count != 22 {
			t.Errorf("%d users, want %d; %d ambiguous logins, want 22", report.Users, plain.Users+20, found[proof.LoginAmbiguous].Count)
		}
	})
}

// TestScanThatGoesRound ignores :after but for its name, so it never ends by itself.
func TestScanThatGoesRound(t *testing.T) {
	for want, text := range map[string]string{
		"it goes round": "u.UserID > COALESCE(:after, 0) * 0 ORDER BY u.UserID LIMIT :limit",
		"too many rows": "u.UserID > COALESCE(:after, 0) ORDER BY u.UserID LIMIT 2 * :limit",
		"has more than": "u.UserID > COALESCE(:after, 0) AND u.UserID = 1000000 ORDER BY u.UserID LIMIT :limit",
	} {
		c := legacytest.IQConfig(t, legacy.SQLite)
		if err := iq.Fill(t.Context(), legacytest.SQL(t, c), 2500); err != nil {
			t.Fatal(err)
		}
		c.Profile.Statements[legacy.ScanUsers] = strings.Replace(c.Profile.Statements[legacy.ScanUsers], "u.UserID > COALESCE(:after, 0) ORDER BY u.UserID LIMIT :limit", text, 1)
		if strings.Contains(text, "= 1000000") {
			c.Profile.Statements[legacy.ScanUsers] = strings.Replace(c.Profile.Statements[legacy.ScanUsers], "FROM users u", "FROM users u CROSS JOIN (SELECT 1 FROM users LIMIT 1500) many", 1)
		}
		if _, err := proof.Run(t.Context(), proof.Config{DB: legacytest.Open(t, c)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
