package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/config"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

// deploy is where the files are that people copy.
const deploy = "../../deploy/"

// TestConfigurationExamples holds every patchbay.yaml that we ship to the parser, with the secrets
// that it asks for.
func TestConfigurationExamples(t *testing.T) {
	for file, secrets := range map[string]string{ // where each looks for its secrets
		"examples/patchbay.yaml": "secrets/",
		"examples/systemd.yaml":  "${CREDENTIALS_DIRECTORY}/",
		"compose/patchbay.yaml":  "/run/secrets/",
	} {
		t.Run(file, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("CREDENTIALS_DIRECTORY", dir)
			text := read(t, deploy+file)
			if !strings.Contains(text, secrets) {
				t.Fatalf("it names no file in %s", secrets)
			}
			for name, content := range map[string]string{
				"state.dsn": "mysql:patchbay:p@tcp(db:3306)/patchbay", "legacy.dsn": "patchbay:p@tcp(db:3306)/iq",
				"state_dsn": "mysql:patchbay:p@tcp(db:3306)/patchbay", "legacy_dsn": "patchbay:p@tcp(db:3306)/iq",
				"identity": "AGE-SECRET-KEY-1",
			} {
				write(t, filepath.Join(dir, name), content)
			}
			path := filepath.Join(dir, "patchbay.yaml")
			write(t, path, strings.ReplaceAll(text, secrets, dir+"/"))
			c, err := config.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if c.StateDSN.Empty() || c.Legacy.DSN.Empty() || c.KeyFile.Identity.Empty() {
				t.Error("a secret is missing")
			}
		})
	}
}

func TestTenantExamples(t *testing.T) {
	for _, name := range []string{"AGENT_APP_SECRET", "SBC_SECRET", "WALLBOARD_SECRET", "CORP_CLIENT_SECRET"} {
		t.Setenv(name, strings.Repeat("x", 32))
	}
	for _, file := range []string{"examples/acme.yaml", "compose/acme.yaml"} {
		t.Run(file, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"agent_app_secret", "sbc_secret"} {
				write(t, filepath.Join(dir, name), strings.Repeat("x", 48))
			}
			text := strings.ReplaceAll(read(t, deploy+file), "/run/secrets/", dir+"/")
			got, err := registry.ParseTenantFile(file, []byte(text), yamlfault.Process(dir))
			if err != nil {
				t.Fatal(err)
			}
			if got.Tenant.Account != "acme" {
				t.Errorf("account is %q", got.Tenant.Account)
			}
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name) //nolint:gosec // a file of this repository
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
