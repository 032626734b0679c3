package config_test

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/internal/config"
	"github.com/patchbay-auth/patchbay/internal/ratelimit"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

const behindProxy = `listen: 0.0.0.0:8080
public_url: https://login.acme.example
trusted_proxies: [10.0.0.7, 192.168.1.9/16]
state: { dsn: "sqlite:state.db" }
legacy: { dsn_file: iq.dsn }
limits: { tenant: { per_second: 50, burst: 100 }, login: { failures: 5, window: 15m } }
key_file: sealed.keys
key_file_passphrase: ${PATCHBAY_TEST_PASSPHRASE}
`

func load(t *testing.T, yaml string) (config.Config, string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"patchbay.yaml": yaml, "iq.dsn": "u:p@tcp(db)/iq\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(filepath.Join(dir, "patchbay.yaml"))
	return c, dir, err
}

func TestLoad(t *testing.T) {
	t.Setenv("PATCHBAY_TEST_PASSPHRASE", "correct horse battery")
	got, dir, err := load(t, behindProxy)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Listen: "0.0.0.0:8080", PublicURL: "https://login.acme.example", SharedIssuerPath: "/id", AccessTokenInformationPath: "/contactcentre5/accesstokeninformation",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32"), netip.MustParsePrefix("192.168.0.0/16")},
		StateDSN:       secret.New("sqlite:" + filepath.Join(dir, "state.db")),
		Legacy:         config.Legacy{Source: config.Source{Driver: "mysql", DSN: secret.New("u:p@tcp(db)/iq"), Profile: "iq"}},
		Limits: config.Limits{
			Tenant: ratelimit.Rate{PerSecond: 50, Burst: 100},
			Login:  config.LoginLimits{Failures: 5, Window: 15 * time.Minute},
		},
		KeyFile:  config.KeyFile{Path: filepath.Join(dir, "sealed.keys"), Passphrase: secret.New("correct horse battery")},
		LogLevel: slog.LevelInfo, LogFormat: "json",
		Drain:     config.Drain{Delay: 5 * time.Second, Timeout: 20 * time.Second},
		Retention: config.Retention{Logins: 9600 * time.Hour, Events: 9600 * time.Hour},
	}
	compare := cmp.Options{
		cmp.Comparer(func(a, b secret.Text) bool { return a.Reveal() == b.Reveal() }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestLoadShadow(t *testing.T) {
	t.Setenv("PATCHBAY_TEST_PASSPHRASE", "correct horse battery")
	census := 23*time.Hour + 5*time.Minute
	for name, test := range map[string]struct {
		keys string
		want config.Legacy
	}{
		"control": {"", config.Legacy{}},
		"census":  {`, census_at: "23:05"`, config.Legacy{CensusAt: &census}},
		"same database, other profile": {", shadow: { dsn_file: iq.dsn, profile_file: new.yaml, compare: [] }", config.Legacy{Shadow: &config.Shadow{
			Source: config.Source{Driver: "mysql", DSN: secret.New("u:p@tcp(db)/iq"), ProfileFile: "new.yaml"}, Compare: []string{},
		}}},
		"another database": {", shadow: { driver: sqlite, dsn: new.db }", config.Legacy{Shadow: &config.Shadow{
			Source:  config.Source{Driver: "sqlite", DSN: secret.New("new.db"), Profile: "iq"},
			Compare: []string{"names", "email", "roles", "groups", "softphones"},
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, dir, err := load(t, strings.Replace(behindProxy, "dsn_file: iq.dsn", "dsn_file: iq.dsn"+test.keys, 1))
			if err != nil {
				t.Fatal(err)
			}
			test.want.Source = config.Source{Driver: "mysql", DSN: secret.New("u:p@tcp(db)/iq"), Profile: "iq"}
			if s := test.want.Shadow; s != nil && s.ProfileFile != "" {
				s.ProfileFile = filepath.Join(dir, s.ProfileFile)
			}
			if s := test.want.Shadow; s != nil && s.Driver == "sqlite" {
				s.DSN = secret.New(filepath.Join(dir, s.DSN.Reveal()))
			}
			if diff := cmp.Diff(test.want, got.Legacy, cmp.AllowUnexported(secret.Text{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoadVariants(t *testing.T) {
	const rest = "state: { dsn: \"mysql:u:p@tcp(db)/p\" }\nlegacy: { driver: sqlite, dsn: iq.db, profile: iq }\nkey_file: k\nkey_file_identity: AGE-SECRET-KEY-1\n"
	for _, tc := range []struct{ name, yaml string }{
		{"loopback without TLS", "listen: 127.0.0.1:8080\npublic_url: http://127.0.0.1:8080\n"},
		{"IPv6 loopback", "listen: \"[::1]:8080\"\npublic_url: http://[::1]:8080\n"},
		{"TLS", "listen: :8443\npublic_url: https://x.example:8443\ntls: { cert_file: c, key_file: k }\n"},
		{"bare root, text log, metrics", "listen: localhost:1\npublic_url: http://localhost:1\nshared_issuer_path: \"\"\nlog: { level: debug, format: text }\nmetrics: { listen: 127.0.0.1:9090 }\n"},
		{"name server by address", "listen: localhost:1\npublic_url: http://localhost:1\ndomain_proofs: { resolver: \"[fd00::53]:53\" }\n"},
		{"name server by name", "listen: localhost:1\npublic_url: http://localhost:1\ndomain_proofs: { resolver: \"dns.acme.example:5353\" }\n"},
		{"another information path", "listen: localhost:1\npublic_url: http://localhost:1\naccess_token_information_path: /centre/token\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, _, err := load(t, tc.yaml+rest); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Setenv("PATCHBAY_TEST_PASSPHRASE", "correct horse battery")
	if _, _, err := load(t, behindProxy); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"open plain http", "trusted_proxies: [10.0.0.7, 192.168.1.9/16]\n", "", `1: listen: plain http on "0.0.0.0:8080"`},
		{"https that nobody ends", "trusted_proxies: [10.0.0.7, 192.168.1.9/16]\n", "", "2: public_url: \"https://login.acme.example\" is https, but there is neither tls"},
		{"http to the world", "https://", "http://", "2: public_url: \"http://login.acme.example\" must be https"},
		{"http with tls", "listen:", "tls: { cert_file: c, key_file: k }\npublic_url: http://localhost\nlisten:", "public_url: is given twice"},
		{"path", "acme.example\n", "acme.example/\n", "2: public_url: \"https://login.acme.example/\" must be an origin alone"},
		{"upper case", "login.acme", "Login.acme", "write it in lower case"},
		{"not a port", "8080", "80800", `1: listen: "80800" is not a port`},
		{"not an address", "0.0.0.0:8080", "example", `1: listen: "example" is not host:port`},
		{"everybody is a proxy", "192.168.1.9/16", "0.0.0.0/0", "3: trusted_proxies[1]: a network of all addresses"},
		{"no proxy", "10.0.0.7", "proxy.example", `3: trusted_proxies[0]: "proxy.example" is neither`},
		{"no state", `{ dsn: "sqlite:state.db" }`, "{}", "4: state.dsn: is required"},
		{"state of another kind", "sqlite:state.db", "postgres:hunter2", "4: state.dsn: begins with neither"},
		{"driver", "dsn_file: iq.dsn", "dsn_file: iq.dsn, driver: oracle", `5: legacy.driver: "oracle" is none of`},
		{"profile", "dsn_file: iq.dsn", "dsn_file: iq.dsn, profile: mine", `5: legacy.profile: "mine" is not a built-in`},
		{"two profiles", "dsn_file: iq.dsn", "dsn_file: iq.dsn, profile: iq, profile_file: mine.yaml", "5: legacy.profile_file: give either"},
		{"rehash", "dsn_file: iq.dsn", "dsn_file: iq.dsn, rehash: md5", `5: legacy.rehash: "md5" is neither`},
		{"census without a colon", "dsn_file: iq.dsn", "dsn_file: iq.dsn, census_at: \"0330\"", `5: legacy.census_at: "0330" is not a time of day`},
		{"census at 25", "dsn_file: iq.dsn", "dsn_file: iq.dsn, census_at: \"25:00\"", `5: legacy.census_at: "25:00" is not a time of day`},
		{"shadow of itself", "dsn_file: iq.dsn", "dsn_file: iq.dsn, shadow: { dsn_file: iq.dsn }", "5: legacy.shadow: is the legacy database itself"},
		{"shadow without a database", "dsn_file: iq.dsn", "dsn_file: iq.dsn, shadow: { driver: sqlite }", "5: legacy.shadow.dsn: is required"},
		{"shadow's driver", "dsn_file: iq.dsn", "dsn_file: iq.dsn, shadow: { dsn: x, driver: oracle }", `5: legacy.shadow.driver: "oracle" is none of`},
		{"shadow's profile", "dsn_file: iq.dsn", "dsn_file: iq.dsn, shadow: { dsn: x, profile: mine }", `5: legacy.shadow.profile: "mine" is not a built-in`},
		{"shadow is never written", "dsn_file: iq.dsn", "dsn_file: iq.dsn, shadow: { dsn: x, rehash: bcrypt }", "5: legacy.shadow.rehash: unknown key"},
		{"nothing that can be compared", "dsn_file: iq.dsn", "dsn_file: iq.dsn, shadow: { dsn: x, compare: [shoes] }", `5: legacy.shadow.compare: "shoes" is none of names, email`},
		{"driver in the legacy dsn", "dsn_file: iq.dsn", "driver: sqlite, dsn: \"sqlite:iq.db\"", "5: legacy.dsn: begins with the name of a driver"},
		{"no legacy database", "dsn_file: iq.dsn", "driver: mysql", "5: legacy.dsn: is required"},
		{"no such file", "iq.dsn", "no.dsn", "5: legacy.dsn_file: open "},
		{"no key file", "key_file: sealed.keys\n", "", "key_file: is required"},
		{"no passphrase", "key_file_passphrase: ${PATCHBAY_TEST_PASSPHRASE}\n", "", "key_file_passphrase: is required"},
		{"unset variable", "TEST_PASSPHRASE", "TEST_UNSET", "8: key_file_passphrase: environment variable PATCHBAY_TEST_UNSET is not set"},
		{"both", "key_file:", "key_file_identity: x\nkey_file:", "7: key_file_identity: give either"},
		{"log level", "key_file:", "log: { level: loud, format: xml }\nkey_file:", `7: log.level: "loud" is none of`},
		{"log format", "key_file:", "log: { level: loud, format: xml }\nkey_file:", `7: log.format: "xml" is neither`},
		{"metrics in public", "key_file:", "metrics: { listen: \"0.0.0.0:8080\" }\nkey_file:", "7: metrics.listen: \"0.0.0.0:8080\" is the address of listen"},
		{"name server without port", "key_file:", "domain_proofs: { resolver: 10.0.0.53 }\nkey_file:", `7: domain_proofs.resolver: "10.0.0.53" is not host:port`},
		{"name server without host", "key_file:", "domain_proofs: { resolver: \":53\" }\nkey_file:", `7: domain_proofs.resolver: "" is not a host`},
		{"name server at port 0", "key_file:", "domain_proofs: { resolver: \"10.0.0.53:0\" }\nkey_file:", `7: domain_proofs.resolver: "0" is not a port`},
		{"name server by URL", "key_file:", "domain_proofs: { resolver: \"udp://10.0.0.53:53\" }\nkey_file:", `7: domain_proofs.resolver: "udp://10.0.0.53:53" is not host:port`},
		{"tls without key", "key_file:", "tls: { cert_file: c }\nkey_file:", "7: tls.key_file: is required"},
		{"issuer path", "key_file:", "shared_issuer_path: id/\nkey_file:", "7: shared_issuer_path: \"id/\" must begin"},
		{"issuer path with a trailing slash", "key_file:", "shared_issuer_path: /id/\nkey_file:", "7: shared_issuer_path: \"/id/\" must consist"},
		{"issuer path of our own", "key_file:", "shared_issuer_path: /login\nkey_file:", "which patchbay uses itself"},
		{"information path", "key_file:", "access_token_information_path: \"\"\nkey_file:", "7: access_token_information_path: \"\" must begin"},
		{"information path of our own", "key_file:", "access_token_information_path: /api/token\nkey_file:", "begins with /api, which patchbay uses itself"},
		{"information path in the issuer", "key_file:", "access_token_information_path: /id/token\nkey_file:", `"/id/token" is inside shared_issuer_path "/id"`},
		{"half a limit", "per_second: 50, burst: 100", "per_second: 50", "6: limits.tenant: burst: 0 is not between 1 and"},
		{"a limit of nothing", "per_second: 50", "per_second: 0", "6: limits.tenant: per_second: 0 is not between 1 and"},
		{"a limit of everything", "burst: 100", "burst: 10000001", "6: limits.tenant: burst: 10000001 is not between"},
		{"no failures", "failures: 5", "failures: 0", "6: limits.login.failures: 0 is not between 1 and"},
		{"no accounts", "failures: 5", "accounts_per_address: 0", "6: limits.login.accounts_per_address: 0 is not"},
		{"no window", "window: 15m", "window: 59s", "6: limits.login.window: 59s is not between 1m and 24h"},
		{"a window for good", "window: 15m", "window: 25h", "6: limits.login.window: 25h0m0s is not"},
		{"drains for good", "key_file:", "drain: { delay: 3m }\nkey_file:", "7: drain.delay: 3m0s is not between 0s and 2m0s"},
		{"drains not at all", "key_file:", "drain: { timeout: 999ms }\nkey_file:", "7: drain.timeout: 999ms is not between 1s and"},
		{"forgets logins at once", "key_file:", "retention: { logins: 23h }\nkey_file:", "7: retention.logins: 23h0m0s is less than 24h"},
		{"forgets events at once", "key_file:", "retention: { events: 1s }\nkey_file:", "7: retention.events: 1s is less than 24h"},
		{"unknown limit", "tenant:", "tenants:", "6: limits.tenants: unknown key"},
		{"unknown key", "key_file:", "limit: 3\nkey_file:", "7: limit: unknown key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			yaml := strings.Replace(behindProxy, tc.old, tc.new, 1)
			if yaml == behindProxy {
				t.Fatalf("%q is not in the file", tc.old)
			}
			_, _, err := load(t, yaml)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got  %v\nwant … %s", err, tc.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "correct horse") {
				t.Errorf("the fault shows a secret: %v", err)
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, _, err := load(t, "listen: nowhere\nlegacy: { driver: x }\nfoo: bar\n")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"listen:", "public_url:", "state.dsn:", "legacy.driver:", "legacy.dsn:", "key_file:", "key_file_passphrase:", "foo: unknown key"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not among the faults:\n%v", want, err)
		}
	}
}

// TestSQLiteFiles: files of databases are relative to the configuration, like all others.
func TestSQLiteFiles(t *testing.T) {
	const rest = "listen: 127.0.0.1:8080\npublic_url: http://127.0.0.1:8080\nkey_file: k\nkey_file_identity: AGE-SECRET-KEY-1\n"
	for _, tc := range []struct{ name, file, want string }{
		{"relative", "data/pb.db", "DIR/data/pb.db"},
		{"relative to a parent", "../pb.db", "UP/pb.db"},
		{"absolute", "/var/lib/pb.db", "/var/lib/pb.db"},
		{"no file", ":memory:", ":memory:"},
		{"a URI, which is refused later", "file:pb.db", "file:pb.db"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, dir, err := load(t, "state: { dsn: \"sqlite:"+tc.file+"\" }\nlegacy: { driver: sqlite, dsn: \""+tc.file+"\" }\n"+rest)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.NewReplacer("DIR", dir, "UP", filepath.Dir(dir)).Replace(tc.want)
			if got := c.StateDSN.Reveal(); got != "sqlite:"+want {
				t.Errorf("state: %s, want %s", got, want)
			}
			if got := c.Legacy.DSN.Reveal(); got != want {
				t.Errorf("legacy: %s, want %s", got, want)
			}
		})
	}
}

func TestLifecycle(t *testing.T) {
	const rest = "state: { dsn: \"sqlite:s\" }\nlegacy: { driver: sqlite, dsn: l }\nkey_file: k\nkey_file_identity: AGE-SECRET-KEY-1\n"
	const alone = "listen: 127.0.0.1:8080\npublic_url: http://127.0.0.1:8080\n" + rest
	year := 400 * 24 * time.Hour
	for _, tc := range []struct {
		name, yaml string
		drain      config.Drain
		retention  config.Retention
	}{
		{"nobody in front", alone, config.Drain{Timeout: 20 * time.Second}, config.Retention{Logins: year, Events: year}},
		{
			"a proxy on the machine", alone + "trusted_proxies: [127.0.0.1]\n",
			config.Drain{Delay: 5 * time.Second, Timeout: 20 * time.Second},
			config.Retention{Logins: year, Events: year},
		},
		{
			"as configured", alone + "drain: { delay: 30s, timeout: 1m }\nretention: { logins: 720h, events: 0s }\n",
			config.Drain{Delay: 30 * time.Second, Timeout: time.Minute},
			config.Retention{Logins: 720 * time.Hour},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, _, err := load(t, tc.yaml)
			if err != nil {
				t.Fatal(err)
			}
			if c.Drain != tc.drain || c.Retention != tc.retention {
				t.Errorf("%+v %+v, want %+v %+v", c.Drain, c.Retention, tc.drain, tc.retention)
			}
		})
	}
}
