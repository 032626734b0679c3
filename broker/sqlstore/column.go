package sqlstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// key binds text as bytes. A string parameter would be compared by the server's collation on MySQL,
// and would not be found in a binary column on SQLite.
func key[T ~string](text T) []byte { return []byte(text) }

// clip is key for text that only people read: it cuts what does not fit into the column.
func clip[T ~string](text T, limit int) []byte {
	b := []byte(text)
	if len(b) <= limit {
		return b
	}
	for limit > 0 && !utf8.RuneStart(b[limit]) {
		limit--
	}
	return b[:limit]
}

// ref binds an id, the zero one as NULL.
func ref(i id.ID) any {
	if i.IsZero() {
		return nil
	}
	return i[:]
}

// hash binds a hash, the zero one as NULL.
func hash(h grant.Hash) any {
	if h == (grant.Hash{}) {
		return nil
	}
	return h[:]
}

// micros binds a time, the zero one as NULL.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// encode binds a value as JSON.
func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// The types below scan what the functions above bound. NULL is the zero value.
type (
	toText[T ~string] struct{ dst *T }
	toBytes           struct{ dst []byte } // of exactly that length: an id or a hash
	toTime            struct{ dst *time.Time }
	toJSON            struct{ dst any }
)

func (c toText[T]) Scan(src any) error {
	b, err := columnBytes(src)
	*c.dst = T(b)
	return err
}

func (c toBytes) Scan(src any) error {
	b, err := columnBytes(src)
	switch {
	case err != nil:
		return err
	case b == nil:
		clear(c.dst)
		return nil
	case len(b) != len(c.dst):
		return fmt.Errorf("column has %d bytes, want %d", len(b), len(c.dst))
	}
	copy(c.dst, b)
	return nil
}

func (c toTime) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*c.dst = time.Time{}
		return nil
	case int64:
		*c.dst = time.UnixMicro(v).UTC()
		return nil
	case []byte: // MySQL's text protocol
		n, err := strconv.ParseInt(string(v), 10, 64)
		*c.dst = time.UnixMicro(n).UTC()
		return err
	}
	return fmt.Errorf("column is a %T, want microseconds", src)
}

func (c toJSON) Scan(src any) error {
	b, err := columnBytes(src)
	if err != nil || b == nil {
		return err
	}
	return json.Unmarshal(b, c.dst)
}

func columnBytes(src any) ([]byte, error) {
	switch v := src.(type) {
	case nil:
		return nil, nil
	case []byte:
		return v, nil
	}
	return nil, fmt.Errorf("column is a %T, want bytes", src)
}
