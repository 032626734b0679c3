package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the sample database

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"patchbay": main})
}

// TestScripts uses the command as its users do. Besides testscript's own commands there are
//
//	iq FILE            make the sample of the legacy database
//	logins FILE        record the logins of a JSON file in state.db, with their traces
//	sql FILE STATEMENT [OTHER]
//	                   change it; OTHER's tables are those of the schema old
//	[!] password CLIENT SECRET LOGIN PASSWORD
//	                   log in by the password grant of the shared issuer, or be refused
//	told LINE          wait until the metrics at $METRICS have the line
//	answers URL CODE   wait until the address answers with the status
//	idps               start an OpenID Provider, $ISSUER, which knows the client patchbay with the secret
//	                   "known there", and a SAML identity provider, $METADATA, which knows nobody
//	nameserver FILE    start a name server, $RESOLVER, whose TXT records are the lines of the file
//
// and $ADDRESS and $METRICS, free addresses on loopback.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"ADDRESS", "METRICS"} {
				address, err := freeAddress(t)
				if err != nil {
					return err
				}
				env.Setenv(name, address)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"iq": makeSample(t), "sql": alterSample(t), "password": passwordLogin(t), "told": awaitMetric(t), "logins": recordLogins(t), "answers": awaitAnswer(t), "idps": startIdPs, "nameserver": startNameServer(t)},
	})
}

func freeAddress(t *testing.T) (string, error) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func makeSample(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: iq FILE")
		}
		db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
		ts.Check(err)
		ts.Check(errors.Join(iq.Load(t.Context(), db, "sqlite"), db.Close()))
	}
}

// recordLogins takes the fields of broker.Login, and instead of At how long ago it was.
func recordLogins(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: logins FILE")
		}
		var logins []struct {
			broker.Login
			Ago int // hours
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &logins))
		store, err := sqlstore.Open(t.Context(), sqlstore.Config{DSN: secret.New("sqlite:" + ts.MkAbs("state.db"))})
		ts.Check(err)
		for i, l := range logins {
			l.ID, l.At = id.ID{15: byte(i + 1)}, time.Now().Add(-time.Duration(l.Ago)*time.Hour)
			ts.Check(store.RecordLogin(t.Context(), l.Login, broker.Event{ID: id.New(), At: l.At, Kind: broker.LoginSucceeded}))
		}
		ts.Check(store.Close())
	}
}

func startIdPs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: idps")
	}
	oidc, err := idptest.Start(idptest.Config{Clients: []idptest.Client{{
		ID: "patchbay", Secret: "known there", RedirectURIs: []string{"http://" + ts.Getenv("ADDRESS") + "/login/acme/corp/callback"},
	}}})
	ts.Check(err)
	ts.Defer(func() { ts.Check(oidc.Close()) })
	saml, err := idptest.StartSAML(idptest.SAMLConfig{})
	ts.Check(err)
	ts.Defer(func() { ts.Check(saml.Close()) })
	ts.Setenv("ISSUER", oidc.Issuer())
	ts.Setenv("METADATA", saml.MetadataURL())
}

// startTime is how long a server may take to answer: RSA keys are made at its first start.
const startTime = 20 * time.Second

func awaitAnswer(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: answers URL CODE")
		}
		var last string
		for deadline := time.Now().Add(startTime); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, args[0], nil)
			ts.Check(err)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				last = err.Error()
				continue
			}
			ts.Check(response.Body.Close())
			if last = strconv.Itoa(response.StatusCode); last == args[1] {
				return
			}
		}
		ts.Fatalf("%s: %s, want %s", args[0], last, args[1])
	}
}
