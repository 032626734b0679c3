package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
)

//go:embed acme.yaml
var acmeFile string

//go:embed globex.yaml
var globexFile string

//go:embed platform.yaml
var platformFile string

// Client secrets are constants so that the documentation can print commands that work. The demo
// listens on loopback only.
//
//nolint:gosec // they are as public as this file
const (
	agentSecret    = "demo-only-agent-app-secret-0123456789"
	sbcSecret      = "demo-only-sbc-secret-01234567890123456"
	apiSecret      = "demo-only-api-secret-01234567890123456"
	reportSecret   = "demo-only-reporting-secret-0123456789"
	legacySecret   = "demo-only-legacy-app-secret-0123456789"
	gatewaySecret  = "demo-only-gateway-secret-0123456789012"
	desktopSecret  = "demo-only-desktop-secret-0123456789012"
	globexSecret   = "demo-only-globex-app-secret-0123456789"
	upstreamClient = "patchbay"
	upstreamSecret = "demo-only-upstream-secret-0123456789"
)

// places are the addresses that the tenant files mention.
type places struct {
	App string // of the example application
	IdP string // issuer of the identity provider
	// SAML is where the other identity provider publishes its metadata.
	SAML string
	// NightlyKey is the public key of the client nightly, as a JWK.
	NightlyKey string
}

// tenantFiles returns the demo's tenant files by name, as an operator would write them.
func tenantFiles(p places) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, text := range map[string]string{"acme.yaml": acmeFile, "globex.yaml": globexFile, "platform.yaml": platformFile} {
		t, err := template.New(name).Delims("<<", ">>").Parse(text)
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, p); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		files[name] = b.Bytes()
	}
	return files, nil
}

// environment answers the ${…} of the demo's tenant files.
type environment struct{}

func (environment) Getenv(name string) (string, bool) {
	value, ok := map[string]string{
		"AGENT_APP_SECRET": agentSecret, "SBC_SECRET": sbcSecret, "API_SECRET": apiSecret,
		"GLOBEX_APP_SECRET": globexSecret, "CORP_SECRET": upstreamSecret, "DESKTOP_SECRET": desktopSecret, "REPORTING_SECRET": reportSecret,
		"LEGACY_APP_SECRET": legacySecret, "GATEWAY_SECRET": gatewaySecret,
	}[name]
	return value, ok
}

func (environment) ReadFile(name string) ([]byte, error) {
	return nil, fmt.Errorf("the demo's tenant files name no files, but one names %q", name)
}

func secretOf(client string) string {
	return map[string]string{
		"agent-app": agentSecret, "desktop": desktopSecret, "sbc": sbcSecret, "api": apiSecret, "globex-app": globexSecret,
		"reporting": reportSecret, "legacy-app": legacySecret, gatewayClient: gatewaySecret,
	}[client]
}
