package main

import (
	"database/sql"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// alterSample changes rows of a sample.
func alterSample(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) < 2 {
			ts.Fatalf("usage: sql FILE STATEMENT [OTHER]")
		}
		db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
		ts.Check(err)
		db.SetMaxOpenConns(1) // what is attached belongs to a connection
		for _, other := range args[2:] {
			_, err := db.ExecContext(t.Context(), "ATTACH DATABASE ? AS old", ts.MkAbs(other))
			ts.Check(err)
		}
		_, err = db.ExecContext(t.Context(), args[1])
		ts.Check(errors.Join(err, db.Close()))
	}
}

// passwordLogin asks for a token by password, and wants it, or with ! is refused.
func passwordLogin(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if len(args) != 4 {
			ts.Fatalf("usage: [!] password CLIENT SECRET LOGIN PASSWORD")
		}
		form := url.Values{"grant_type": {"password"}, "scope": {"profile"}, "username": {args[2]}, "password": {args[3]}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+ts.Getenv("ADDRESS")+"/id/connect/token", strings.NewReader(form.Encode()))
		ts.Check(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(args[0], args[1])
		answer, err := http.DefaultClient.Do(r)
		ts.Check(err)
		body, err := io.ReadAll(answer.Body)
		ts.Check(errors.Join(err, answer.Body.Close()))
		want := http.StatusOK
		if neg {
			want = http.StatusBadRequest
		}
		if answer.StatusCode != want {
			ts.Fatalf("%s is answered %s: %s", args[2], answer.Status, body)
		}
	}
}

// awaitMetric waits until a server's metrics have a line.
func awaitMetric(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: told LINE")
		}
		last := ""
		for deadline := time.Now().Add(startTime); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+ts.Getenv("METRICS")+"/metrics", nil)
			ts.Check(err)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				last = err.Error()
				continue
			}
			text, err := io.ReadAll(answer.Body)
			ts.Check(errors.Join(err, answer.Body.Close()))
			if last = string(text); strings.Contains(last, "\n"+args[0]+"\n") {
				return
			}
		}
		ts.Fatalf("%s is not among %s", args[0], regexp.MustCompile(`(?m)^patchbay_shadow.*`).FindAllString(last, -1))
	}
}
