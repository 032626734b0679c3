package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A Report is what was found.
type Report struct {
	// Users counts the rows of scan_users; Softphones and Links those of the other scans.
	Users      int `json:"users"`
	Softphones int `json:"softphones"`
	Links      int `json:"links"`
	// Probed is how many users were read as a login and a token would read them, spread over all, and LinksProbed how
	// many links, the first ones, were followed to their user. docs/check.md says which findings count among these.
	Probed      int `json:"probed"`
	LinksProbed int `json:"links_probed"`
	// Tenants counts users by tenant.
	Tenants map[string]int `json:"tenants"`
	// Schemes counts users by the scheme of their password. UnknownShapes says what the unknown ones look
	// like, without showing any.
	Schemes       map[string]int `json:"schemes"`
	UnknownShapes map[string]int `json:"unknown_shapes,omitempty"`
	Findings      []Finding      `json:"findings"`
}

// Severity says what a finding means.
type Severity string

// The severities.
const (
	// Error is a fault of the profile, or of what it relies on: repair it before anybody logs in.
	Error Severity = "error"
	// Warning is about rows: these people will not get in, or not in every way, as long as they are so.
	Warning Severity = "warning"
	// Note is worth knowing.
	Note Severity = "note"
)

// A Finding is one kind of trouble.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	// Count is how many users, logins, addresses or statements it is about.
	Count int `json:"count"`
	// Samples are at most five of them: tenant/user_id, or the name of a statement.
	Samples []string `json:"samples"`
	Meaning string   `json:"meaning"`
	Action  string   `json:"action"`
}

// Worst returns the gravest severity among the findings; empty if there is none.
func (r Report) Worst() Severity {
	for _, s := range []Severity{Error, Warning, Note} {
		if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity == s }) {
			return s
		}
	}
	return ""
}

// Invalid is the report on a profile that cannot be used at all. Its faults are told in full: they are the
// operator's own text.
func Invalid[Fault any](faults []Fault) Report {
	t := tally{}
	f := t.finding(ProfileInvalid)
	for _, fault := range faults {
		f.Count++
		f.Samples = append(f.Samples, fmt.Sprint(fault))
	}
	return Report{Tenants: map[string]int{}, Schemes: map[string]int{}, Findings: t.list()}
}

const (
	maxSamples = 5
	// maxKinds bounds the tenants, and the shapes of unknown hashes, that are counted one by one.
	maxKinds = 1000
)

// A tally gathers findings.
type tally map[Code]*Finding

// finding returns the finding of a code, which is new where there was none.
func (t tally) finding(code Code) *Finding {
	if t[code] == nil {
		kind := catalogue()[code]
		t[code] = &Finding{Code: code, Severity: kind.severity, Samples: []string{}, Meaning: kind.meaning, Action: kind.action}
	}
	return t[code]
}

func (t tally) add(code Code, sample string) {
	f := t.finding(code)
	f.Count++
	if len(f.Samples) < maxSamples && !slices.Contains(f.Samples, sample) {
		f.Samples = append(f.Samples, sample)
	}
}

// list returns the findings, gravest first.
func (t tally) list() []Finding {
	rank := map[Severity]int{Error: 0, Warning: 1, Note: 2}
	all := []Finding{}
	for _, f := range t {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(a.Code, b.Code))
	})
	return all
}

// count adds one to a kind. What comes after maxKinds kinds is counted together.
func count(kinds map[string]int, kind string) {
	if _, known := kinds[kind]; !known && len(kinds) >= maxKinds {
		kind = "others"
	}
	kinds[kind]++
}

// redact shows an id, and of anything that may be a name or an address only how long it is.
func redact(id string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
	}
	digits := strings.ContainsFunc(id, unicode.IsDigit)
	if id != "" && len(id) <= 64 && digits && strings.IndexFunc(id, func(r rune) bool { return !plain(r) }) < 0 {
		return id
	}
	head := ""
	for _, r := range id {
		head = string(r)
		break
	}
	if !unicode.IsPrint([]rune(head + " ")[0]) {
		head = ""
	}
	return head + "…"
}
