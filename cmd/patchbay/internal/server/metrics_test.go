package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
)

// open returns a process on fresh databases, whose time is now.
func open(t *testing.T, now func() time.Time) *server.Server {
	t.Helper()
	return openLogging(t, now, slog.DiscardHandler)
}

func openLogging(t *testing.T, now func() time.Time, log slog.Handler) *server.Server {
	t.Helper()
	return openWith(t, now, log, func(*server.Config) {})
}

// openWith lets a test change the configuration first.
func openWith(t *testing.T, now func() time.Time, log slog.Handler, change func(*server.Config)) *server.Server {
	t.Helper()
	keys, err := keyfile.Generate(now())
	if err != nil {
		t.Fatal(err)
	}
	state := sqlstore.Config{DSN: secret.New("sqlite:" + filepath.Join(t.TempDir(), "state.db"))}
	store, err := sqlstore.Open(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	config := server.Config{
		PublicURL: "http://127.0.0.1:1", SharedPaths: []string{"/id"}, State: state, Legacy: legacytest.IQConfig(t, legacy.SQLite),
		Keys: keys, Log: slog.New(log), Now: now,
	}
	change(&config)
	s, err := server.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func metrics(t *testing.T, s *server.Server) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// TestMetricsAreDocumented compares the metrics with the table for operators, both ways, and their names
// with Prometheus' rules.
func TestMetricsAreDocumented(t *testing.T) {
	s := open(t, time.Now)
	text := connected(t, s, 0)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "patchbay_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	document, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	told, described := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (patchbay_\w+)`).FindAllStringSubmatch(text, -1) {
		told[m[1]] = true
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `patchbay_.*").FindAllString(string(document), -1) {
		names, _, _ := strings.Cut(row[1:], "|")
		for _, name := range regexp.MustCompile(`patchbay_\w+`).FindAllString(names, -1) {
			described[name] = true
		}
	}
	if len(told) < 10 {
		t.Fatalf("only %v are told", told)
	}
	for name := range told {
		if !described[name] {
			t.Errorf("docs/operations.md does not describe %s", name)
		}
	}
	for name := range described {
		if !told[name] {
			t.Errorf("docs/operations.md describes %s, which there is not", name)
		}
	}
}

// connected has a process look at a SAML identity provider and returns its metrics after that.
func connected(t *testing.T, s *server.Server, certificate time.Duration) string {
	t.Helper()
	idp, err := idptest.StartSAML(idptest.SAMLConfig{CertificateLifetime: certificate})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	file, err := registry.ParseTenantFile("acme.yaml", []byte(`
account: acme
name: Acme Support
legacy_tenant: 10010
connections:
  - { id: adfs, name: Acme AD FS, type: saml, metadata_url: "`+idp.MetadataURL()+`", allow_private_network: true }
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), file, server.ApplyOptions{By: "test", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	defer func() { cancel(); <-done }()
	var text string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if text = metrics(t, s); strings.Contains(text, "patchbay_connection_certificate") {
			return text
		}
	}
	t.Fatal("nobody has looked at the certificate")
	return text
}

func TestCertificatesThatEndAreTold(t *testing.T) {
	for name, test := range map[string]struct {
		lifetime time.Duration
		warns    bool
	}{
		"control":   {31 * 24 * time.Hour, false},
		"ends soon": {29 * 24 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := openLogging(t, time.Now, slog.NewTextHandler(&log, nil))
			text := connected(t, s, test.lifetime)
			found := regexp.MustCompile(`patchbay_connection_certificate_expiry_timestamp_seconds{account="acme",connection="adfs"} (\S+)`).FindStringSubmatch(text)
			if found == nil {
				t.Fatalf("no such metric in %s", text)
			}
			until, err := strconv.ParseFloat(found[1], 64)
			if left := time.Until(time.Unix(int64(until), 0)); err != nil || left > test.lifetime || left < test.lifetime-time.Minute {
				t.Errorf("ends in %s, %v", left, err)
			}
			if said := strings.Contains(log.String(), "the signing certificate of a SAML identity provider ends"); said != test.warns {
				t.Errorf("warned: %v, want %v; log: %s", said, test.warns, &log)
			}
		})
	}
}

func TestKeyMetrics(t *testing.T) {
	now := time.Now()
	s := open(t, func() time.Time { return now })
	now = now.Add(10 * 24 * time.Hour)
	text := metrics(t, s)
	for _, want := range []string{
		`patchbay_signing_keys{state="signing"} 3`, `patchbay_signing_keys{state="announced"} 0`,
		"patchbay_signing_key_age_seconds 864", "patchbay_signing_key_next_rotation_seconds 6.9", "patchbay_draining 0",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("%s is missing in\n%s", want, regexp.MustCompile(`(?m)^patchbay_.*`).FindAllString(text, -1))
		}
	}
	s.Drain()
	if !strings.Contains(metrics(t, s), "\npatchbay_draining 1\n") {
		t.Error("a process that drains does not say so")
	}
}
