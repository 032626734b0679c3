package broker

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/patchbay-auth/patchbay/mapping"
)

// A LinkRow is a line of a file of external ids.
type LinkRow struct {
	Line       int
	ExternalID string
	UserID     mapping.UserID
}

// A LinkFault is what is wrong with a line. Code is for programs.
type LinkFault struct {
	Line    int    `json:"line"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// The codes of faults in a file of external ids, and of what keeps a line from becoming a link.
const (
	FaultHeader    = "header"
	FaultMalformed = "malformed"
	FaultEmpty     = "empty"
	FaultValue     = "value"
	FaultDuplicate = "duplicate"
	FaultUser      = "unknown_user"
	FaultTaken     = "external_id_taken"
	FaultLinked    = "user_linked"
	FaultTooLong   = "too_long"
	FaultMore      = "more"
)

const (
	columnExternalID = "external_id"
	columnUserID     = "user_id"
	// maxLinkRows bounds a file, and maxLinkFaults what is told of it: a million lines take 300 MB while they
	// are read.
	maxLinkRows   = 1_000_000
	maxLinkFaults = 10_000
	// maxExternalID bounds a link's key, in bytes, as the adapters do.
	maxExternalID = 255
)

// ReadLinkFile reads external ids and users from CSV (RFC 4180) with the columns external_id and user_id,
// in any order, separated by comma or semicolon: the header tells by which. A byte order mark and the line
// ends of Windows are ignored. Every line that cannot be used is a fault, and not among the rows; with a
// faulty header, and in a file of more than a million lines, there are no rows. Of more than ten thousand
// faults the last counts those that are left out. The error is the reader's.
func ReadLinkFile(from io.Reader) ([]LinkRow, []LinkFault, error) {
	buffered := bufio.NewReader(from)
	start, err := buffered.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, nil, err
	}
	if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		return nil, []LinkFault{{1, FaultHeader, "the file is UTF-16: save it as CSV in UTF-8"}}, nil
	}
	if bytes.HasPrefix(start, []byte("\uFEFF")) {
		start = start[len("\uFEFF"):]
		if _, err := buffered.Discard(len("\uFEFF")); err != nil {
			return nil, nil, err
		}
	}
	r := csv.NewReader(buffered)
	r.FieldsPerRecord = -1 // counted here, to tell of every line
	if header, _, _ := bytes.Cut(start, []byte("\n")); bytes.ContainsRune(header, ';') {
		r.Comma = ';'
	}
	f := linkFile{csv: r, externalIDs: map[string]int{}, users: map[string]int{}}
	if err := f.header(); err != nil || len(f.faults.list) > 0 {
		return nil, f.faults.all(), err
	}
	for {
		if len(f.rows) > maxLinkRows {
			return nil, []LinkFault{{f.rows[maxLinkRows].Line, FaultTooLong, fmt.Sprintf("more than %d lines: split the file", maxLinkRows)}}, nil
		}
		fields, err := r.Read()
		var malformed *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return f.rows, f.faults.all(), nil
		case errors.As(err, &malformed):
			f.faults.add(malformed.Line, FaultMalformed, "%v", malformed.Err)
		case err != nil:
			return nil, f.faults.all(), err
		default:
			line, _ := r.FieldPos(0)
			f.row(line, fields)
		}
	}
}

type linkFile struct {
	csv                *csv.Reader
	externalID, userID int // columns
	// the lines in which values were met
	externalIDs, users map[string]int
	rows               []LinkRow
	faults             linkFaults
}

// linkFaults are the first faults, and the number of the others.
type linkFaults struct {
	list []LinkFault
	more int
	at   int // the line of the first that is left out
}

func (l *linkFaults) add(line int, code, format string, args ...any) {
	if len(l.list) < maxLinkFaults {
		l.list = append(l.list, LinkFault{line, code, fmt.Sprintf(format, args...)})
		return
	}
	if l.more == 0 {
		l.at = line
	}
	l.more++
}

func (l *linkFaults) all() []LinkFault {
	if l.more == 0 {
		return l.list
	}
	return append(l.list[:len(l.list):len(l.list)], LinkFault{l.at, FaultMore, fmt.Sprintf("%d more lines are at fault, from here", l.more)})
}

func (f *linkFile) header() error {
	fields, err := f.csv.Read()
	var malformed *csv.ParseError
	if errors.Is(err, io.EOF) || errors.As(err, &malformed) {
		f.faults.add(1, FaultHeader, "want the columns %s and %s", columnExternalID, columnUserID)
		return nil
	}
	if err != nil {
		return err
	}
	for i := range fields {
		fields[i] = strings.ToLower(strings.TrimSpace(fields[i]))
	}
	f.externalID, f.userID = slices.Index(fields, columnExternalID), slices.Index(fields, columnUserID)
	if len(fields) != 2 || f.externalID < 0 || f.userID < 0 {
		f.faults.add(1, FaultHeader, "want the columns %s and %s, have %q", columnExternalID, columnUserID, fields)
	}
	return nil
}

func (f *linkFile) row(line int, fields []string) {
	if len(fields) != 2 {
		f.faults.add(line, FaultMalformed, "want 2 values, have %d", len(fields))
		return
	}
	external, user := fields[f.externalID], fields[f.userID]
	for _, part := range []struct {
		column, value string
		seen          map[string]int
	}{{columnExternalID, external, f.externalIDs}, {columnUserID, user, f.users}} {
		if code, why := misfit(part.value); code != "" {
			f.faults.add(line, code, "%s %s", part.column, why)
			return
		}
		if first, twice := part.seen[part.value]; twice {
			f.faults.add(line, FaultDuplicate, "%s %q is in line %d already", part.column, part.value, first)
			return
		}
	}
	f.externalIDs[external], f.users[user] = line, line
	f.rows = append(f.rows, LinkRow{line, external, mapping.UserID(user)})
}

// misfit says why no IdP would send a value, or no directory hold it.
func misfit(value string) (code, why string) {
	switch {
	case value == "":
		return FaultEmpty, "is empty"
	case len(value) > maxExternalID:
		return FaultValue, fmt.Sprintf("has %d bytes, more than %d", len(value), maxExternalID)
	case !utf8.ValidString(value):
		return FaultValue, "is not UTF-8"
	case strings.ContainsFunc(value, unicode.IsControl):
		return FaultValue, fmt.Sprintf("%q has control characters", value)
	case strings.TrimSpace(value) != value:
		return FaultValue, fmt.Sprintf("%q has white space around it", value)
	}
	return "", ""
}
