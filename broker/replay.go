package broker

import (
	"context"
	"maps"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// A Verdict is what rules make of somebody, in short.
type Verdict struct {
	UserID mapping.UserID
	// Creates is the login of the user who would be made.
	Creates string
	// Refused is empty for who gets in.
	Refused string
	Rule    string
}

func verdictOf(d mapping.Decision) Verdict {
	v := Verdict{UserID: d.User.ID, Refused: d.Refused, Rule: d.Rule}
	if d.Create != nil {
		v.Creates = d.Create.Login
	}
	return v
}

// same reports whether two verdicts are the same for the person; the rule may be another.
func (v Verdict) same(w Verdict) bool {
	return v.UserID == w.UserID && v.Creates == w.Creates && v.Refused == w.Refused
}

// A Difference is somebody for whom new rules change something, or of whom nobody can tell.
type Difference struct {
	// Login is their newest that is recorded.
	Login    Login
	Old, New Verdict
	// Missing names the claims that the new rules need and the record lacks; then New is empty.
	Missing []string
}

// A Replay counts what Compare has seen.
type Replay struct {
	// Logins were read, People are those among them by their external ids.
	Logins, People int
	Unchanged      int
	Differences    []Difference
	// Demanded is what the connection of today demands of a login beside its rules. Who is recorded met what
	// was demanded then; whoever falls short of it now is refused by these rules and by any.
	Demanded []Demanded
}

// replayPage is how many logins are read at a time.
const replayPage = 500

// Compare replays the newest recorded login of everybody who came through the connection since a time, by
// its own rules and by others, both on the directory of today. What the connection's own rules cannot be
// asked any more is taken from the record.
func (t Trial) Compare(ctx context.Context, history LoginHistory, since time.Time, other *mapping.Rules) (Replay, error) {
	var replay Replay
	seen := map[string]bool{}
	var mark LoginMark
	for {
		logins, err := history.LoginsThrough(ctx, t.Tenant.Account, t.Connection.ID, since, mark, replayPage)
		if err != nil || len(logins) == 0 {
			return replay, err
		}
		for _, l := range logins {
			mark = LoginMark{At: l.At, ID: l.ID}
			if l.Trace == nil { // it never came to the rules
				continue
			}
			replay.Logins++
			if seen[l.Subject] {
				continue
			}
			seen[l.Subject] = true
			d, err := t.compare(ctx, l, other)
			if err != nil {
				return replay, err
			}
			replay.People++
			replay.demanded(t.Demands(recorded(l), l.At))
			if len(d.Missing) == 0 && d.Old.same(d.New) {
				replay.Unchanged++
				continue
			}
			replay.Differences = append(replay.Differences, d)
		}
	}
}

func (t Trial) compare(ctx context.Context, l Login, other *mapping.Rules) (Difference, error) {
	l.Trace = withSubject(l)
	d := Difference{Login: l, Old: Verdict{UserID: l.UserID, Refused: string(l.Reason)}}
	if l.Reason != "" {
		d.Old.UserID = ""
	}
	identity := l.Trace.Identity()
	own := t.Connection.Rules()
	decision, err := t.Resolve(ctx, own, identity)
	if err != nil {
		return d, err
	}
	if len(own.MissingFor(*l.Trace, decision)) == 0 {
		d.Old = verdictOf(decision)
	}
	if decision, err = t.Resolve(ctx, other, identity); err != nil {
		return d, err
	}
	if d.Missing = other.MissingFor(*l.Trace, decision); len(d.Missing) == 0 {
		d.New = verdictOf(decision)
	}
	return d, nil
}

// recorded is who came in a login, with what its record tells about how.
func recorded(l Login) mapping.Identity {
	identity := l.Trace.Identity()
	if acr := l.Trace.Claims["acr"]; len(acr) == 1 {
		identity.ACR = acr[0]
	}
	return identity
}

// withSubject returns the trace of a login with the external id that the record has beside it: rules
// that came later may name it where those of the time did not.
func withSubject(l Login) *mapping.Trace {
	if _, recorded := l.Trace.Claims["external_id"]; recorded || l.Subject == "" || len(l.Subject) >= maxSubject {
		return l.Trace
	}
	t := *l.Trace
	t.Claims = maps.Clone(t.Claims)
	if t.Claims == nil {
		t.Claims = map[string]mapping.Recorded{}
	}
	t.Claims["external_id"] = mapping.Recorded{l.Subject}
	return &t
}
