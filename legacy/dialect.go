package legacy

import "strings"

// A dialect is what finding the parameters in a statement needs to know of an engine's SQL.
type dialect struct {
	// numbered comes before the number of a parameter; where it is empty, parameters are ?.
	numbered string
	// quotes begin quoted texts and names; in those of escaped, a backslash escapes.
	quotes, escaped string
	// sigils begin what the engine takes for a parameter, or for a quote that this parser does not know.
	sigils string
	// escapeStrings says that E'…' is a text with escapes.
	escapeStrings bool
	// hash says that # begins a comment, and -- only before white space.
	hash bool
}

func (e Engine) dialect() dialect {
	switch e {
	case MySQL:
		return dialect{quotes: "'\"`", escaped: "'\"", hash: true}
	case Postgres:
		// $ begins $1 and $$…$$.
		return dialect{numbered: "$", quotes: "'\"", sigils: "$`", escapeStrings: true}
	case SQLServer:
		return dialect{numbered: "@p", quotes: "'\"[", sigils: "@`"}
	case SQLite:
	}
	return dialect{quotes: "'\"`[", sigils: "@$"}
}

// lineComment reports whether s starts a comment to the end of the line.
func (d dialect) lineComment(s string) bool {
	if d.hash {
		return s[0] == '#' || s == "--" || (strings.HasPrefix(s, "--") && s[2] <= ' ')
	}
	return strings.HasPrefix(s, "--")
}
