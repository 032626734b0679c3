package broker_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker"
)

func TestReadLinkFile(t *testing.T) {
	two := []broker.LinkRow{{Line: 2, ExternalID: "x|1", UserID: "4711"}, {Line: 3, ExternalID: "x|2", UserID: "4712"}}
	for _, test := range []struct {
		name, text string
		rows       []broker.LinkRow
		faults     string // line and code of each
	}{
		{"comma (the control)", "external_id,user_id\nx|1,4711\nx|2,4712\n", two, ""},
		{"semicolon", "external_id;user_id\nx|1;4711\nx|2;4712", two, ""},
		{"the other order, in capitals, with spaces", "User_ID ; EXTERNAL_ID\n4711;x|1\n4712;x|2\n", two, ""},
		{"byte order mark and the line ends of Windows", "\uFEFFexternal_id,user_id\r\nx|1,4711\r\nx|2,4712\r\n", two, ""},
		{"quotes", "\"external_id\",\"user_id\"\n\"x|1\",\"4711\"\n\"x|2\",4712\n", two, ""},
		{"a comma in quotes", "external_id,user_id\n\"cn=ana,o=\"\"acme\"\"\",4711\n", []broker.LinkRow{{Line: 2, ExternalID: `cn=ana,o="acme"`, UserID: "4711"}}, ""},
		{"a comma in a file of semicolons", "external_id;user_id\ncn=ana,o=acme;4711\n", []broker.LinkRow{{Line: 2, ExternalID: "cn=ana,o=acme", UserID: "4711"}}, ""},
		{"an empty line", "external_id,user_id\n\nx|1,4711\n", []broker.LinkRow{{Line: 3, ExternalID: "x|1", UserID: "4711"}}, ""},
		{"case matters", "external_id,user_id\nx|1,4711\nX|1,4712\n", []broker.LinkRow{two[0], {Line: 3, ExternalID: "X|1", UserID: "4712"}}, ""},
		{"header only", "external_id,user_id\n", nil, ""},

		{"nothing", "", nil, "1 header"},
		{"no header", "x|1,4711\n", nil, "1 header"},
		{"another column", "external_id,user_id,name\nx,1,y\n", nil, "1 header"},
		{"one column", "external_id\nx\n", nil, "1 header"},
		{"a column twice", "external_id,external_id\nx,y\n", nil, "1 header"},
		{"UTF-16", "\xff\xfee\x00x\x00", nil, "1 header"},
		{"tabs", "external_id\tuser_id\nx\t1\n", nil, "1 header"},
		{"empty values", "external_id,user_id\n,4711\nx|2,4712\nx|3,\n", two[1:], "2 empty, 4 empty"},
		{"too few and too many values", "external_id,user_id\nx|1\nx|2,4712\nx|3,4,5\n", two[1:], "2 malformed, 4 malformed"},
		{"a quote in the middle", "external_id,user_id\nx\"1,4711\nx|2,4712\n", two[1:], "2 malformed"},
		{"white space around a value", "external_id,user_id\n x|1,4711\nx|2,4712\n", two[1:], "2 value"},
		{"what is no text", "external_id,user_id\nx\xff,4711\nx|2,4712\nx\x00,1\n", two[1:], "2 value, 4 value"},
		{"a line break in quotes", "external_id,user_id\n\"x\n1\",4711\nx|9,1\n", []broker.LinkRow{{Line: 4, ExternalID: "x|9", UserID: "1"}}, "2 value"},
		{"an endless value", "external_id,user_id\n" + strings.Repeat("x", 256) + ",4711\n", nil, "2 value"},
		{"an external id twice", "external_id,user_id\nx|1,4711\nx|2,4712\nx|1,4713\n", two, "4 duplicate"},
		{"a user twice", "external_id,user_id\nx|1,4711\nx|2,4712\nx|3,4711\n", two, "4 duplicate"},
		{"a line twice", "external_id,user_id\nx|1,4711\nx|2,4712\nx|2,4712\n", two, "4 duplicate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, faults, err := broker.ReadLinkFile(strings.NewReader(test.text))
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, f := range faults {
				told = append(told, fmt.Sprintf("%d %s", f.Line, f.Code))
			}
			if got := strings.Join(told, ", "); got != test.faults {
				t.Errorf("faults %q, want %q: %+v", got, test.faults, faults)
			}
			if diff := cmp.Diff(test.rows, rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
	broken := errors.New("disk on fire")
	if _, _, err := broker.ReadLinkFile(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

// lines is a file of external ids of which nobody keeps a copy.
func lines(n int, line func(i int) string) io.Reader {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriter(w)
		_, err := out.WriteString("external_id,user_id\n")
		for i := 0; i < n && err == nil; i++ {
			_, err = out.WriteString(line(i))
		}
		_ = w.CloseWithError(errors.Join(err, out.Flush())) // the reader is told
	}()
	return r
}

// TestAMillionLines is as long as a file may be. What is kept is the rows; what is told of is bounded.
func TestAMillionLines(t *testing.T) {
	if testing.Short() {
		t.Skip("a million lines")
	}
	long := func(i int) string { return fmt.Sprintf("auth0|%024d,%d\n", i, i) }
	rows, faults, err := broker.ReadLinkFile(lines(1_000_000, long))
	if err != nil || len(rows) != 1_000_000 || len(faults) != 0 || rows[999_999].Line != 1_000_001 {
		t.Fatalf("%d rows, %v, %v", len(rows), faults, err)
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if mb := memory.HeapAlloc >> 20; mb > 250 {
		t.Errorf("they take %d MB", mb)
	}
	runtime.KeepAlive(rows)
	rows, faults, err = broker.ReadLinkFile(lines(1_000_001, long))
	if err != nil || len(rows) != 0 || len(faults) != 1 || faults[0].Code != broker.FaultTooLong || faults[0].Line != 1_000_002 {
		t.Errorf("one more: %d rows, %v, %v", len(rows), faults, err)
	}
	rows, faults, err = broker.ReadLinkFile(lines(1_000_000, func(int) string { return "x,1\n" }))
	if err != nil || len(rows) != 1 || len(faults) != 10_001 || faults[10_000] != (broker.LinkFault{Line: 10_003, Code: broker.FaultMore, Message: "989999 more lines are at fault, from here"}) {
		t.Errorf("one line a million times: %d rows, %d faults, the last %+v, %v", len(rows), len(faults), faults[len(faults)-1], err)
	}
}

// FuzzReadLinkFile asserts that no line is lost or counted twice, and that rows are what links can be.
func FuzzReadLinkFile(f *testing.F) {
	f.Add("external_id,user_id\nx|1,4711\nx|2,4712\n")
	f.Add("\uFEFFuser_id;external_id\r\n1;\"a\"\"b\"\r\n;\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, faults, err := broker.ReadLinkFile(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range rows {
			switch {
			case r.ExternalID == "" || r.UserID == "" || strings.ContainsRune(r.ExternalID, 0):
				t.Errorf("row %+v", r)
			case seen["x"+r.ExternalID] || seen["u"+string(r.UserID)]:
				t.Errorf("row %+v is there twice", r)
			}
			seen["x"+r.ExternalID], seen["u"+string(r.UserID)] = true, true
		}
		if lines := strings.Count(text, "\n") + 1; len(rows)+len(faults) > lines {
			t.Errorf("%d rows and %d faults of %d lines", len(rows), len(faults), lines)
		}
	})
}
