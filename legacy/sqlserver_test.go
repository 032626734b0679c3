package legacy

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// The tests have no SQL Server. What can be tested without one is here: what would be sent to it, and what
// is read of the types that its driver delivers (go-mssqldb's documentation, "Return Types").

// pretence is a connection of database/sql that answers like go-mssqldb's.
type pretence struct {
	columns []string
	rows    [][]driver.Value
	sent    []string
	args    [][]driver.Value
	options []driver.TxOptions
}

func (p *pretence) Connect(context.Context) (driver.Conn, error) { return p, nil }
func (p *pretence) Driver() driver.Driver                        { return nil }
func (p *pretence) Prepare(string) (driver.Stmt, error)          { return nil, driver.ErrSkip }
func (p *pretence) Begin() (driver.Tx, error)                    { return p, nil }
func (p *pretence) Close() error                                 { return nil }
func (p *pretence) Commit() error                                { return nil }
func (p *pretence) Rollback() error                              { return nil }

func (p *pretence) BeginTx(_ context.Context, o driver.TxOptions) (driver.Tx, error) {
	p.options = append(p.options, o)
	return p, nil
}

func (p *pretence) QueryContext(_ context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	p.sent = append(p.sent, text)
	var values []driver.Value
	for _, a := range args {
		values = append(values, a.Value)
	}
	p.args = append(p.args, values)
	return &pretendedRows{p.columns, slices.Clone(p.rows)}, nil
}

type pretendedRows struct {
	columns []string
	rows    [][]driver.Value
}

func (r *pretendedRows) Columns() []string { return r.columns }
func (r *pretendedRows) Close() error      { return nil }
func (r *pretendedRows) Next(to []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(to, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// pretend opens a profile on a server that answers every statement with the same rows.
func pretend(t *testing.T, p Profile, server *pretence) *DB {
	t.Helper()
	statements, faults := compile(p, SQLServer)
	if len(faults) > 0 {
		t.Fatalf("%+v", faults)
	}
	c := Config{Engine: SQLServer, Profile: p}.withDefaults()
	db := &DB{
		config: c, statements: statements, read: bounded(sql.OpenDB(server), 1),
		users: newCache[mapping.User](c, 10), details: newCache[mapping.Details](c, 10),
	}
	db.write = db.read
	t.Cleanup(func() { _ = db.Close() }) // there is nothing behind it
	for _, s := range statements {
		s.columns = server.columns
	}
	return db
}

const pretendedUser = "SELECT u.Id AS user_id, u.UserName AS username, u.Enabled AS active, u.Email AS email, u.Changed AS password_changed_at FROM [App].[Users] u"

func pretendedProfile() Profile {
	return Profile{
		UserIDScope: Global, UserIDType: Integer, LoginComparison: ASCIIFold,
		Statements: map[Statement]string{
			UserByLogin: pretendedUser + " WHERE u.[Tenant:id] = :tenant AND u.UserName = :login",
			UserByID:    pretendedUser + " WHERE u.[Tenant:id] = :tenant AND u.Id = :user_id -- :x",
			ScanUsers: "SELECT TOP (:limit) 'x' AS tenant_id, u.Id AS user_id, u.UserName AS username, u.Enabled AS active FROM [App].[Users] u" +
				" WHERE :after IS NULL OR u.Id > :after ORDER BY u.Id;",
		},
	}
}

// TestWhatSQLServerIsSent: parameters by number, each once, a page by TOP, ids and limits as numbers, and
// nothing in a read-only transaction, which the driver would refuse.
func TestWhatSQLServerIsSent(t *testing.T) {
	server := &pretence{columns: []string{"user_id", "username", "active", "email", "password_changed_at"}}
	db := pretend(t, pretendedProfile(), server)
	ask := func(q mapping.Query) {
		t.Helper()
		if found, err := db.Find(t.Context(), "x", q); err != nil || len(found) > 0 {
			t.Fatalf("%+v, %v", found, err)
		}
	}
	ask(mapping.Query{By: mapping.ByLogin, Value: "ana' OR 1=1 --"})
	ask(mapping.Query{By: mapping.ByID, Value: "7"})
	ask(mapping.Query{By: mapping.ByID, Value: "seven"}) // nobody's: it is not sent
	db.statements[ScanUsers].columns = server.columns
	if err := db.ScanUsers(t.Context(), func(Scanned) error { return nil }); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		text string
		args []driver.Value
	}{
		{pretendedUser + " WHERE u.[Tenant:id] = @p1 AND u.UserName = @p2", []driver.Value{"x", "ana' OR 1=1 --"}},
		{pretendedUser + " WHERE u.[Tenant:id] = @p1 AND u.Id = @p2  ", []driver.Value{"x", int64(7)}},
		{"SELECT TOP (@p1) 'x' AS tenant_id, u.Id AS user_id, u.UserName AS username, u.Enabled AS active FROM [App].[Users] u" +
			" WHERE @p2 IS NULL OR u.Id > @p2 ORDER BY u.Id", []driver.Value{int64(scanPage), nil}},
	}
	if len(server.sent) != len(want) {
		t.Fatalf("sent %q", server.sent)
	}
	for i, w := range want {
		if strings.TrimSpace(server.sent[i]) != strings.TrimSpace(w.text) || !slices.Equal(server.args[i], w.args) {
			t.Errorf("sent %q with %v\nwant %q with %v", server.sent[i], server.args[i], w.text, w.args)
		}
	}

	server.sent, server.args = nil, nil
	if err := db.try(t.Context(), db.statements[ScanUsers], false); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(server.args[0], []driver.Value{int64(0), nil}) || len(server.options) != 1 || server.options[0].ReadOnly {
		t.Errorf("tried with %v in %+v", server.args, server.options)
	}
	scans, unknown, err := db.FullScans(t.Context(), map[string]string{"tenant": "x"})
	if err != nil || len(scans) > 0 || !slices.Equal(unknown, []Statement{UserByID, UserByLogin}) || len(server.sent) != 1 {
		t.Errorf("plans: %v, %v, %v, %q", scans, unknown, err, server.sent)
	}
}

// TestWhatSQLServerDelivers is TestTypes on the types of its driver.
func TestWhatSQLServerDelivers(t *testing.T) {
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.FixedZone("", 2*60*60))
	guid := []byte{0xf4, 0xd1, 0x9a, 0x0d, 0x2c, 0x5b, 0x25, 0x4d, 0x9c, 0x8e, 0x1f, 0x0c, 0x4f, 0x6e, 0x00, 0x01}
	for i, tt := range []struct {
		name   string
		column int
		value  driver.Value
		want   string // of the column, or the fault behind an exclamation mark
	}{
		{"nvarchar (the control)", 3, "a@b.example", "a@b.example"},
		{"varbinary", 3, []byte("a@b.example"), "a@b.example"},
		{"decimal, money", 3, []byte("1.5000"), "1.5000"},
		{"float", 3, 1.5, "!column email: a float64 is not text"},
		{"NULL", 3, nil, ""},
		{"bit as text", 3, true, "!column email: a bool is not text"},
		{"nvarchar(max) of megabytes", 3, strings.Repeat("x", 10_000_000), "!column email: it has 10000000 bytes"},
		{"bit", 2, true, "true"},
		{"bit that is off", 2, false, "false"},
		{"tinyint", 2, int64(1), "true"},
		{"NULL as a flag", 2, nil, "!column active: it is NULL"},
		{"char(1) as a flag", 2, "Y", `!column active: "Y" is neither 0 nor 1`},
		{"datetime2, datetimeoffset", 4, at, "2020-01-02T01:04:05Z"},
		{"bigint of seconds", 4, int64(1577934245), "2020-01-02T03:04:05Z"},
		{"nvarchar as a time", 4, "2020-01-02T03:04:05.0000000", "!column password_changed_at"},
		{"uniqueidentifier as text of its own", 1, guid, "nobody"},
	} {
		row := []driver.Value{int64(7), "ana", true, "a@b.example", nil}
		row[tt.column] = tt.value
		db := pretend(t, pretendedProfile(), &pretence{columns: []string{"user_id", "username", "active", "email", "password_changed_at"}, rows: [][]driver.Value{row}})
		found, err := db.Find(t.Context(), "x", mapping.Query{By: mapping.ByLogin, Value: "ANA"})
		got := "nobody"
		if len(found) == 1 {
			u := found[0]
			got = [...]string{string(u.ID), u.Username, map[bool]string{true: "true", false: "false"}[u.Active], u.Email, u.PasswordChangedAt.Format(time.RFC3339)}[tt.column]
		}
		if fault, faulty := strings.CutPrefix(tt.want, "!"); faulty {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: %s, %v; want %s", tt.name, got, err, fault)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, err, tt.want)
		}
		if i == 0 && t.Failed() {
			t.Fatal("the rest would prove nothing")
		}
	}

	// A uniqueidentifier that is no text is told of, rather than taken for an id.
	server := &pretence{columns: []string{"tenant_id", "user_id", "username", "active"}, rows: [][]driver.Value{{"x", guid, "ana", true}}}
	err := pretend(t, pretendedProfile(), server).ScanUsers(t.Context(), func(Scanned) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "scan_users: column user_id: its 16 bytes are not text: convert it in the statement") {
		t.Errorf("a scan of uniqueidentifiers: %v", err)
	}
}

// TestTheSampleForSQLServer is the one for SQLite but for how it pages.
func TestTheSampleForSQLServer(t *testing.T) {
	statementsOf := func(file string) string {
		text, err := os.ReadFile(file) //nolint:gosec // a sample of ours
		if err != nil {
			t.Fatal(err)
		}
		_, statements, _ := strings.Cut(string(text), "\n# Identity compares")
		return statements
	}
	paged := strings.ReplaceAll(statementsOf("../testdata/aspnet/aspnet.yaml"), " LIMIT :limit", "")
	for _, name := range []string{"scan_users", "scan_softphones"} {
		paged = strings.Replace(paged, name+": |\n    SELECT ", name+": |\n    SELECT TOP (:limit) ", 1)
	}
	const file = "../testdata/aspnet/aspnet.sqlserver.yaml"
	if paged == "" || statementsOf(file) != paged {
		t.Errorf("the samples for SQLite and for SQL Server differ in more than TOP")
	}
	p, err := LoadProfile(file, SQLServer)
	if err != nil {
		t.Fatal(err)
	}
	statements, faults := compile(p, SQLServer)
	if len(faults) > 0 || !strings.HasPrefix(statements[ScanUsers].text, "SELECT TOP (@p1) u.Id") || !slices.Equal(statements[ScanUsers].params, []string{"limit", "after"}) {
		t.Errorf("%+v, %+v", faults, statements[ScanUsers])
	}
	if _, err := openSQLServer(secret.New("sqlserver://pb:hunter2@127.0.0.1:x?database=a"), time.Second); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a DSN that does not parse: %v", err)
	}
	pool, err := openSQLServer(secret.New("sqlserver://pb:hunter2@127.0.0.1:1433?database=a"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
}
