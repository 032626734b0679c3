package yamlfault_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

type server struct {
	Name     string            `yaml:"name"`
	Port     int               `yaml:"port"`
	Enabled  *bool             `yaml:"enabled"`
	Wait     time.Duration     `yaml:"wait"`
	Until    time.Time         `yaml:"until"`
	Password secret.Text       `yaml:"password"`
	Tags     []string          `yaml:"tags"`
	Labels   map[string]string `yaml:"labels"`
	Peers    []server          `yaml:"peers"`
	Internal string
	Motto    string         `yaml:"motto,file"`
	Key      yamlfault.JSON `yaml:"key,file"`
}

type world map[string]string

func (w world) Getenv(name string) (string, bool) { v, ok := w["$"+name]; return v, ok }

func (w world) ReadFile(name string) ([]byte, error) {
	if v, ok := w[name]; ok {
		return []byte(v), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

const good = `
name: ${NAME}-1
port: 8080
enabled: false
wait: 2h30m
until: 2027-12-31
password_file: pw
tags: [a, "$${b}", 007]
labels: { x: y }
peers:
  - name: other
    until: 2027-12-31T10:00:00+02:00
    password: |
      two
      lines
`

func TestDecode(t *testing.T) {
	var got server
	f := yamlfault.Decode("s.yaml", []byte(good), world{"$NAME": "n", "pw": "hunter2\n"}, &got)
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	if got.Password.Reveal() != "hunter2" || got.Peers[0].Password.Reveal() != "two\nlines\n" {
		t.Errorf("passwords are %q and %q", got.Password.Reveal(), got.Peers[0].Password.Reveal())
	}
	no := false
	want := server{
		Name: "n-1", Port: 8080, Enabled: &no, Wait: 150 * time.Minute,
		Until: time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC),
		Tags:  []string{"a", "${b}", "007"}, Labels: map[string]string{"x": "y"},
		Peers: []server{{Name: "other", Until: time.Date(2027, 12, 31, 8, 0, 0, 0, time.UTC)}},
	}
	ignore := cmp.Comparer(func(secret.Text, secret.Text) bool { return true })
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	if !f.Has("peers[0].name") || f.Has("peers[0].port") {
		t.Error("Has does not tell present keys from absent ones")
	}
}

func TestEveryFaultAtOnce(t *testing.T) {
	const bad = `name: [x]
prot: 1
port: many
enabled: yes please
wait: -5s
until: tomorrow
password: { a: b }
tags: one
tags: [two]
labels:
peers:
  - 5
  - name: true
    password: 1.5
    password_file: gone
  - password_file: gone
    tags: [&x a, *x, !!str b]
`
	var got server
	f := yamlfault.Decode("bad.yaml", []byte(bad), world{}, &got)
	f.Fault("peers[1].port", "is required")
	f.Fault("port", "is required")              // it is there, if unreadable: no second fault
	f.Fault("peers[2].password", "is required") // likewise: its file could not be read
	want := `bad.yaml:1: name: want text, have a list
bad.yaml:2: prot: unknown key
bad.yaml:3: port: want a whole number, have other text
bad.yaml:4: enabled: want true or false, have other text
bad.yaml:5: wait: want a duration such as 2h30m, have other text
bad.yaml:6: until: want a date such as 2027-12-31, have other text
bad.yaml:7: password: want text, have a mapping
bad.yaml:8: tags: want a list, have other text
bad.yaml:9: tags: is given twice, first on line 8
bad.yaml:10: labels: has no value: give one, or leave the key out
bad.yaml:12: peers[0]: want a mapping, have a whole number
bad.yaml:13: peers[1].name: want text, have true or false (quote it if text is meant)
bad.yaml:13: peers[1].port: is required
bad.yaml:14: peers[1].password: want text, have a decimal number (quote it if text is meant)
bad.yaml:15: peers[1].password_file: give either password or password_file
bad.yaml:16: peers[2].password_file: open gone: file does not exist
bad.yaml:17: peers[2].tags[0]: anchors and aliases are not supported: repeat the value
bad.yaml:17: peers[2].tags[1]: anchors and aliases are not supported: repeat the value
bad.yaml:17: peers[2].tags[2]: tags are not supported`
	err := f.Err()
	if err == nil {
		t.Fatal("no fault found")
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if faults := yamlfault.Faults(nil); !errors.As(err, &faults) || len(faults) != 19 {
		t.Errorf("errors.As finds %d faults", len(faults))
	}
}

func TestExpansion(t *testing.T) {
	for _, tc := range []struct{ name, yaml, want string }{
		{"set", "name: ${A}${A}", ""},
		{"unset", "name: ${B}-${C}", "f.yaml:1: name: environment variable B is not set; environment variable C is not set"},
		{"unclosed", "name: ${A", "f.yaml:1: name: ${ is not followed by a variable's name and }; write $${ for a literal ${"},
		{"not a name", "name: ${A B}", "f.yaml:1: name: ${ is not followed by a variable's name and }; write $${ for a literal ${"},
		{"empty file", "password_file: empty", "f.yaml:1: password_file: file empty is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got server
			err := yamlfault.Decode("f.yaml", []byte(tc.yaml), world{"$A": "a", "empty": "\n"}, &got).Err()
			switch {
			case tc.want == "" && (err != nil || got.Name != "aa"):
				t.Fatalf("got %q, %v", got.Name, err)
			case tc.want != "" && (err == nil || err.Error() != tc.want):
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestWithoutExpanderNothingIsRead(t *testing.T) {
	var got server
	f := yamlfault.Decode("f.yaml", []byte("name: ${HOME}\npassword_file: /etc/passwd"), nil, &got)
	if got.Name != "${HOME}" {
		t.Errorf("name became %q", got.Name)
	}
	if err := f.Err(); err == nil || !strings.Contains(err.Error(), "files are read by the command line only") {
		t.Errorf("password_file gave %v", err)
	}
}

func TestWholeFileFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "f.yaml: is empty",
		"# nothing\n":                "f.yaml: is empty",
		"name: a\n---\nname: b":      "f.yaml: has 2 documents; want one",
		"- a":                        "f.yaml: want a mapping, have a list",
		"name: \"":                   "f.yaml:1: is not YAML: could not find end character of double-quoted text",
		strings.Repeat("#", 1<<20+1): "f.yaml: has 1048577 bytes, more than 1048576",
	} {
		var got server
		f := yamlfault.Decode("f.yaml", []byte(text), nil, &got)
		f.Fault("name", "is required") // of no use to somebody whose file could not be read
		if err := f.Err(); err == nil || err.Error() != want {
			t.Errorf("%.20q: got %v, want %s", text, err, want)
		}
	}
}

func TestFaultsShowNoSecret(t *testing.T) {
	const value = "hunter2hunter2"
	for _, yaml := range []string{
		"password: [" + value + "]",
		"password: \"" + value,
		"password: " + value + ": " + value,
		"password: " + value + "\npassword: " + value,
		"password: !!binary " + value,
		"password: &" + value + " x",
		"port: ${SECRET}",
		"wait: ${SECRET}",
		"password: 'a' " + value,
		"password: {" + value,
		"password: @" + value,
		"password: `" + value,
		"password: %" + value + "\n\t" + value,
	} {
		var got server
		err := yamlfault.Decode("f.yaml", []byte(yaml), world{"$SECRET": value}, &got).Err()
		if err == nil {
			t.Errorf("%q is accepted", yaml)
			continue
		}
		if strings.Contains(err.Error(), value) {
			t.Errorf("%q: the fault shows the secret: %v", yaml, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(good)
	f.Add("peers: [{name: a}, {name: [b]}]")
	f.Add("? [a]\n: b")
	f.Fuzz(func(t *testing.T, text string) {
		var got server
		err := yamlfault.Decode("f.yaml", []byte(text), nil, &got).Err()
		var faults yamlfault.Faults
		if err != nil && (!errors.As(err, &faults) || len(faults) == 0) {
			t.Errorf("%q: %v is not Faults", text, err)
		}
		for _, fault := range faults {
			if fault.Problem == "" || fault.Line > strings.Count(text, "\n")+strings.Count(text, "\r")+2 {
				t.Errorf("%q: fault %+v", text, fault)
			}
		}
	})
}
