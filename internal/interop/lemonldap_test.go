package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A lemonldap is a running LemonLDAP::NG, an identity provider for SAML and for OpenID Connect. What it writes
// is in a directory of the test.
type lemonldap struct{ base, backend, dir string }

func needLemonLDAP(t *testing.T) {
	t.Helper()
	_, missing := exec.LookPath("plackup")
	err := exec.CommandContext(t.Context(), "perl", "-e", "use Lemonldap::NG::Portal::Issuer::SAML; use Lemonldap::NG::Portal::Issuer::OpenIDConnect;").Run()
	need(t, "lemonldap-ng", missing == nil && err == nil, "LemonLDAP::NG is not installed: run scripts/test-deps interop")
}

// newLemonLDAP returns one that does not run yet: its addresses are known before it knows ours.
func newLemonLDAP(t *testing.T) lemonldap {
	t.Helper()
	needLemonLDAP(t)
	backend := freeAddress(t)
	// plackup talks with one browser at a time, and waits for those that only connect: they do so to be quick.
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: backend})
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }, // not yet started
	})
	t.Cleanup(front.Close)
	base := strings.Replace(front.URL, "127.0.0.1", "localhost", 1) // another site than patchbay's
	return lemonldap{base, backend, t.TempDir()}
}

func (l lemonldap) metadata() string { return l.base + "/saml/metadata" }

// logout is where people log out there.
func (l lemonldap) logout() string { return l.base + "/?logout=1" }

// forceInterval is for how many seconds after a login it thinks that none can be demanded anew.
const forceInterval = 1

// A partner is a service provider that it knows, with its options about that one.
type partner struct {
	serviceProvider
	options settings
}

// config is what an administrator would have entered on its pages.
func (l lemonldap) config(own pair, partners map[string]partner, client settings) settings {
	files := func(name string) settings {
		return settings{"Directory": filepath.Join(l.dir, name), "LockDirectory": filepath.Join(l.dir, name)}
	}
	c := settings{
		"cfgNum": 1, "cfgAuthor": "a test", "cfgDate": "1700000000", "cfgVersion": "2.16.1", "key": "a test, not a secret",
		"portal": l.base + "/", "domain": "localhost", "cookieName": "lemonldap", "securedCookie": 0, "sameSite": "Lax",
		"authentication": "Demo", "userDB": "Same", "captcha": "::Captcha::None",
		"demoExportedVars": settings{"cn": "cn", "mail": "mail", "uid": "uid"},
		"whatToTrace":      "_whatToTrace", "macros": settings{"_whatToTrace": "$uid"},
		"globalStorage": "Apache::Session::File", "globalStorageOptions": files("sessions"),
		"persistentStorage": "Apache::Session::File", "persistentStorageOptions": files("psessions"),
		"localSessionStorage": "", "exportedVars": settings{}, "groups": settings{}, "locationRules": settings{},
		"exportedHeaders": settings{}, "applicationList": settings{}, "portalCheckLogins": 0, "portalForceAuthnInterval": forceInterval,

		"issuerDBSAMLActivation": 1, "samlServicePrivateKeySig": own.key, "samlServicePublicKeySig": own.certificate,
		"issuerDBOpenIDConnectActivation": 1, "oidcServiceMetaDataIssuer": l.base,
		"oidcServicePrivateKeySig": own.key, "oidcServicePublicKeySig": own.certificate, "oidcServiceKeyIdSig": "key",
		"oidcRPMetaDataOptions":      settings{"patchbay": client},
		"oidcRPMetaDataExportedVars": settings{"patchbay": settings{"email": "mail", "name": "cn", "preferred_username": "uid"}},
	}
	documents, options, attributes := settings{}, settings{}, settings{}
	for name, p := range partners {
		documents[name] = settings{"samlSPMetaDataXML": string(p.document)}
		options[name] = with(settings{
			"samlSPMetaDataOptionsSignSSOMessage": 1, "samlSPMetaDataOptionsCheckSSOMessageSignature": 1,
			"samlSPMetaDataOptionsSignSLOMessage": 1, "samlSPMetaDataOptionsCheckSLOMessageSignature": 1,
			"samlSPMetaDataOptionsNameIDFormat": "persistent", "samlSPMetaDataOptionsEncryptionMode": "none",
		}, p.options)
		attributes[name] = settings{"uid": "1;uid;urn:oasis:names:tc:SAML:2.0:attrname-format:basic;uid"}
	}
	return with(c, settings{"samlSPMetaDataXML": documents, "samlSPMetaDataOptions": options, "samlSPMetaDataExportedAttributes": attributes})
}

// start runs it until the test ends.
func (l lemonldap) start(t *testing.T, people []user, config settings) {
	t.Helper()
	for _, sub := range []string{"sessions", "psessions"} {
		if err := os.Mkdir(filepath.Join(l.dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"lmConf-1.json": string(text),
		"lemonldap-ng.ini": fmt.Sprintf("[all]\nlogLevel = notice\n[configuration]\ntype = File\ndirName = %s\n"+
			"[portal]\nstaticPrefix = /static\nlanguages = en\ntemplateDir = /usr/share/lemonldap-ng/portal/templates\n", l.dir),
	} {
		if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, u := range people {
		names = append(names, u.Login)
	}
	host, port, _ := strings.Cut(l.backend, ":")
	command := exec.CommandContext(t.Context(), "plackup", "--host", host, "--port", port, "-E", "deployment", "lemonldap/app.psgi") //nolint:gosec // a free port
	command.Env = append(os.Environ(), "LLNG_DEFAULTCONFFILE="+filepath.Join(l.dir, "lemonldap-ng.ini"), "PATCHBAY_TEST_PEOPLE="+strings.Join(names, " "))
	command.WaitDelay = 10 * time.Second
	said := new(journal)
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Wait()
		if t.Failed() {
			t.Logf("LemonLDAP::NG says:\n%s", said)
		}
	})
	await(t, l.backend, "plackup")
}
