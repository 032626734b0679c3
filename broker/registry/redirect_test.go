package registry

import (
	"strings"
	"testing"
)

func TestRedirectURI(t *testing.T) {
	c := &Client{RedirectURIs: []string{
		"https://app.example/cb", "https://app.example/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:9/cb?y=2",
		"http://localhost:4000/cb", "com.example.app:/cb",
	}}
	for _, uri := range append([]string{
		"http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://[::1]/cb?y=2", "http://[::1]:80/cb?y=2",
	}, c.RedirectURIs...) {
		if !c.RedirectURI(uri) {
			t.Fatalf("positive control: %s is refused", uri)
		}
	}
	for _, uri := range []string{
		"", "https://app.example/CB", "HTTPS://app.example/cb", "https://App.example/cb", "https://app.example/cb/",
		"https://app.example:443/cb", "https://ok@app.example/cb", "https://app.example@evil.example/cb",
		"https://app.example/cb#f", "https://app.example/cb#", "https://app.example/cb?", "https://app.example/cbx",
		"https://app.example/x/../cb", "https://app.example/x/%2e%2e/cb", "https://app.example/%2f../cb",
		"https://app.example/%252f/cb", "https://app.example/x/..;/cb", "https://app.example\\cb", "https:\\\\app.example/cb",
		"https://app.example/\tcb", " https://app.example/cb", "https://app.example/cb ", "https://a@b@app.example/cb",
		"https://app.example.evil.example/cb", "https://evil.example/https://app.example/cb", "http://app.example/cb",
		"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//app.example/cb", "/cb",
		"http://127.0.0.1:80@evil.example/cb", "http://127.0.0.1@evil.example/cb", "http://127.0.0.1:@evil.example/cb",
		"http://127.0.0.1.evil.example/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:65536/cb", "http://127.0.0.1:080/cb",
		"http://127.0.0.1:/cb", "http://127.0.0.1:+80/cb", "http://127.0.0.1:8 0/cb", "http://127.0.0.1:80\\cb",
		"http://127.0.0.1:80/cb/", "http://127.0.0.1:80/cb#", "http://127.0.0.1:80", "http://127.1/cb", "http://0x7f000001/cb",
		"https://127.0.0.1/cb", "HTTP://127.0.0.1/cb", "http://[::1]:9/cb", "http://[0:0:0:0:0:0:0:1]/cb?y=2", "http://[::1]evil/cb?y=2",
		"http://localhost:4001/cb", "http://localhost/cb", "com.example.app:/cb2", "com.example.app://cb", "COM.example.app:/cb",
	} {
		if c.RedirectURI(uri) {
			t.Errorf("%q is taken for a registered address", uri)
		}
	}
}

func TestRegisteredRedirectURIs(t *testing.T) {
	for _, uri := range []string{
		"https://app.example/cb", "https://app.example", "https://app.example:8443/cb?a=b&c=%20", "https://10.0.0.1/cb",
		"http://127.0.0.1/cb", "http://127.0.0.1:8080/cb", "http://[::1]/cb", "http://localhost:3000/", "com.example.app:/cb",
		"https://xn--bcher-kva.example/cb", "https://intranet/cb",
	} {
		if err := checkRedirectURI(uri); err != nil {
			t.Fatalf("positive control: %v", err)
		}
	}
	for uri, want := range map[string]string{
		"":                                         "is empty",
		"/cb":                                      "not an absolute",
		"http://app.example/cb":                    "must be https",
		"http://127.0.0.2.example/":                "must be https",
		"https://app.example/cb#f":                 "fragment",
		"https://app.example/cb#":                  "fragment",
		"https://u:p@app.example/cb":               "user part",
		"http://127.0.0.1@evil.example/cb":         "user part",
		"javascript:alert(1)":                      "must contain a dot",
		"JavaScript:alert(1)":                      "lower case",
		"data:text/html,x":                         "must contain a dot",
		"myapp:/cb":                                "must contain a dot",
		"com.example.app://host/cb":                "one slash",
		"com.example.app:cb":                       "one slash",
		"HTTPS://app.example/cb":                   "lower case",
		"https://App.example/cb":                   "lower case",
		"https://*.app.example/cb":                 "wildcards",
		"https://app.example/a/../cb":              "dot segment",
		"https://app.example/a/..;x/cb":            "dot segment",
		"https://app.example/a%2fcb":               "%2f",
		"https://app.example/a%2F..":               "%2f",
		"https://app.example/%252e":                "%25",
		"https://app.example\\cb":                  "no place",
		"https://app.example/c b":                  "no place",
		"https://app.example/\x00":                 "no place",
		"https://bücher.example/cb":                "no place",
		"https:///cb":                              "no host",
		"https:app.example/cb":                     "no host",
		"https://app.example:/cb":                  "not a port",
		"https://app.example:0/cb":                 "not a port",
		"https://app.example:99999/cb":             "not a port",
		"https://-app.example/cb":                  "not a host name",
		"https://127.1/cb":                         "not a host name",
		"https://a/" + strings.Repeat("a", maxURI): "more than",
	} {
		if err := checkRedirectURI(uri); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want … %s", uri, err, want)
		}
	}
}

// FuzzRedirectURI asserts that what is taken for registered differs from it by a port at most.
func FuzzRedirectURI(f *testing.F) {
	for _, uri := range []string{"http://127.0.0.1:80/cb", "http://[::1]:1/cb", "https://app.example/cb", "http://127.0.0.1@x/cb"} {
		f.Add(uri)
	}
	c := &Client{RedirectURIs: []string{"https://app.example/cb", "http://127.0.0.1/cb", "http://[::1]/cb"}}
	f.Fuzz(func(t *testing.T, uri string) {
		if !c.RedirectURI(uri) {
			return
		}
		if err := checkRedirectURI(uri); err != nil {
			t.Errorf("%q is taken for registered but could not be registered: %v", uri, err)
		}
		for _, origin := range []string{"http://127.0.0.1:", "http://[::1]:"} {
			if rest, ok := strings.CutPrefix(uri, origin); ok {
				if path := strings.TrimLeft(rest, "0123456789"); path != "/cb" || len(rest)-len(path) > 5 {
					t.Errorf("%q is taken for registered", uri)
				}
				return
			}
		}
		if uri != "https://app.example/cb" && uri != "http://127.0.0.1/cb" && uri != "http://[::1]/cb" {
			t.Errorf("%q is taken for registered", uri)
		}
	})
}
