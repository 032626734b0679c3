package legacy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/patchbay-auth/patchbay/mapping"
)

// unreadable is an error about what a row holds: it is mapping.ErrUnreadable, too. The database has answered,
// and asking again changes nothing.
type unreadable struct {
	error
	column string
}

// UnreadableColumn names the column of a row for which err says that it cannot be read, or is empty. What is in
// the column may be anything, and is not told with it.
func UnreadableColumn(err error) string {
	var u unreadable
	if errors.As(err, &u) {
		return u.column
	}
	return ""
}

func (unreadable) Is(target error) bool { return target == mapping.ErrUnreadable }

func (u unreadable) Unwrap() error { return u.error }

func (r row) fault(column, format string, args ...any) error {
	if big, ok := r.cell(column).(oversized); ok {
		format, args = "it has %d bytes, more than %d", []any{int(big), maxCell}
	}
	return unreadable{fmt.Errorf("column %s: "+format, append([]any{column}, args...)...), column}
}

// oversized stands for a cell of more than maxCell bytes, by their number.
type oversized int

// A row is what a statement returned, as the driver delivered it.
type row struct {
	columns []string
	cells   []any
}

func (r row) cell(column string) any {
	if i := slices.Index(r.columns, column); i >= 0 {
		return r.cells[i]
	}
	return nil
}

// text returns a column that may be NULL or absent: then it is empty.
func (r row) text(column string) (string, error) {
	switch v := r.cell(column).(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	default:
		return "", r.fault(column, "a %T is not text", v)
	}
}

// key returns a column that must not be NULL or empty.
func (r row) key(column string) (string, error) {
	text, err := r.text(column)
	if err == nil && text == "" {
		err = r.fault(column, "it is NULL or empty")
	}
	return text, err
}

// id returns a column with a user's id, which is text: SQL Server's driver delivers a uniqueidentifier as
// sixteen bytes that are none.
func (r row) id(column string) (string, error) {
	text, err := r.key(column)
	if err == nil && !utf8.ValidString(text) {
		return "", r.fault(column, "its %d bytes are not text: convert it in the statement", len(text))
	}
	return text, err
}

// flag returns a column of 0 or 1. A NULL is false in an optional column, and an error in one that
// is required.
func (r row) flag(column string, required bool) (bool, error) {
	text := ""
	switch v := r.cell(column).(type) {
	case nil:
		if required {
			return false, r.fault(column, "it is NULL")
		}
		return false, nil
	case bool:
		return v, nil
	case []byte:
		if len(v) == 1 && v[0] <= 1 { // MySQL's BIT(1)
			return v[0] == 1, nil
		}
		text = string(v)
	case string:
		text = v
	case int64:
		text = strconv.FormatInt(v, 10)
	default:
		return false, r.fault(column, "a %T is neither 0 nor 1", v)
	}
	switch text {
	case "0":
		return false, nil
	case "1":
		return true, nil
	}
	return false, r.fault(column, "%.20q is neither 0 nor 1", text)
}

// moment returns a column with a time in UTC: a DATETIME, or seconds since 1970. NULL, and MySQL's
// zero date, are the zero time.
func (r row) moment(column string) (time.Time, error) {
	text := ""
	switch v := r.cell(column).(type) {
	case nil:
		return time.Time{}, nil
	case time.Time:
		return v.UTC(), nil
	case int64:
		return time.Unix(v, 0).UTC(), nil
	case []byte:
		text = string(v)
	case string:
		text = v
	default:
		return time.Time{}, r.fault(column, "a %T is not a time", v)
	}
	if text == "" || text == "0000-00-00 00:00:00" || text == "0000-00-00" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateTime, time.DateOnly, time.RFC3339} { // all accept a fraction
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, r.fault(column, "%.30q is not a time", text)
}
