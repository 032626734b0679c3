package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

func TestASecretCannotPrintItself(t *testing.T) {
	const value = "correct horse"
	s := secret.New(value)
	if s.Reveal() != value {
		t.Fatal("Reveal does not return the value")
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "s", s, "in", struct{ S secret.Text }{s})
	asJSON, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	for how, got := range map[string]string{
		//nolint:staticcheck // this is about fmt
		"%s": fmt.Sprintf("%s", s), "%v": fmt.Sprintf("%v", s), "%+v": fmt.Sprintf("%+v", struct{ S secret.Text }{s}),
		"%#v": fmt.Sprintf("%#v", struct{ S secret.Text }{s}), "%q": fmt.Sprintf("%q", s),
		"slog": logged.String(), "json": string(asJSON),
	} {
		if strings.Contains(got, "horse") {
			t.Errorf("%s shows the secret: %s", how, got)
		}
		if !strings.Contains(got, secret.Redacted) {
			t.Errorf("%s does not say that something was redacted: %s", how, got)
		}
	}
}
