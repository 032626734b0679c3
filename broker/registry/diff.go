package registry

import (
	"fmt"
	"slices"
)

// A DiffLine is one difference between a file and the registry. It never shows a secret.
type DiffLine struct {
	Op DiffOp
	// Record names what differs, as "client agent-app".
	Record string
	// Detail says how: "access_token_lifetime: 15m → 5m"; empty for a whole record.
	Detail string
}

// DiffOp is a kind of difference.
type DiffOp string

// The kinds of difference.
const (
	Added   DiffOp = "+"
	Changed DiffOp = "~"
	Removed DiffOp = "-"
)

func (l DiffLine) String() string {
	if l.Detail == "" {
		return string(l.Op) + " " + l.Record
	}
	return string(l.Op) + " " + l.Record + ": " + l.Detail
}

// differs notes the differences between two outlines, and says whether there are any. extra is a
// difference that outlines do not show.
func (p *planner) differs(record string, known bool, before, after outline, extra bool, detail string) bool {
	if !known {
		p.lines = append(p.lines, DiffLine{Op: Added, Record: record})
		return true
	}
	lines := len(p.lines)
	for _, key := range keys(before, after) {
		for _, detail := range changes(key, before, after) {
			p.lines = append(p.lines, DiffLine{Changed, record, detail})
		}
	}
	if extra {
		p.lines = append(p.lines, DiffLine{Changed, record, detail})
	}
	return len(p.lines) > lines
}

func keys(outlines ...outline) []string {
	var list []string
	for _, o := range outlines {
		for _, item := range o {
			if key := fmt.Sprint(item.Key); !slices.Contains(list, key) {
				list = append(list, key)
			}
		}
	}
	return list
}

func secretChanges(before, after []ClientSecret) string {
	missing := func(from, in []ClientSecret) (n int) {
		for _, s := range from {
			if !slices.ContainsFunc(in, func(other ClientSecret) bool { return sameHash(s, other) }) {
				n++
			}
		}
		return n
	}
	added, removed := missing(after, before), missing(before, after)
	if added+removed == 0 {
		return "descriptions, expiry or order changed"
	}
	return fmt.Sprintf("%d added, %d removed", added, removed)
}
