package saml

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

// messages are what somebody can sign who has a key of the IdP's.
func messages() map[string]func(t *testing.T, l *lab, key Key) error {
	return map[string]func(t *testing.T, l *lab, key Key) error{
		"an answer": func(t *testing.T, l *lab, key Key) error {
			l.begin(t, federation.StartRequest{MaxAge: -1})
			f := newForgery(t, l.now, l.request)
			f.idp = key
			return l.finish(t, f.seal().text())
		},
		"a login that nobody asked for": func(t *testing.T, l *lab, key Key) error {
			f := newForgery(t, l.now, "")
			f.idp = key
			unasked(f)
			_, err := l.Unasked(t.Context(), url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(f.seal().text()))}})
			return err
		},
		"a logout": func(t *testing.T, l *lab, key Key) error {
			f := newForgery(t, l.now, "")
			_, _, err := l.SingleLogout(t.Context(), federation.LogoutMessage{Query: query(t, l.logoutRequest(f), "r", key, true)})
			return err
		},
	}
}

// TestARemovedCertificateStopsWorking with the first message after the metadata is due, however long nobody came:
// signatures by it verify, so that nothing else asks for new ones.
func TestARemovedCertificateStopsWorking(t *testing.T) {
	for name, send := range messages() {
		for _, idle := range []time.Duration{refreshEvery, 30 * 24 * time.Hour} {
			t.Run(name+" after "+idle.String(), func(t *testing.T) {
				p := publish(t, metadataOf(idpName, "", idpKey(t), attacker(t)))
				l := newLab(t, Config{})
				l.SAML = open(t, Config{MetadataURL: p.url, Now: l.cfg.Now})
				for _, key := range []Key{idpKey(t), attacker(t)} {
					if err := send(t, l, key); err != nil {
						t.Fatal("positive control:", err)
					}
				}
				p.set(metadataOf(idpName, "", idpKey(t)))
				l.now = l.now.Add(refreshEvery - time.Second)
				if err := send(t, l, attacker(t)); err != nil || p.asked.Load() != 1 {
					t.Errorf("before it is due: asked %d times, %v", p.asked.Load(), err)
				}
				l.now = l.now.Add(idle)
				if err := send(t, l, attacker(t)); !errors.Is(err, errSigner) {
					t.Errorf("the first message after that: %v", err)
				}
				if err := send(t, l, idpKey(t)); err != nil {
					t.Errorf("the other one: %v", err)
				}
			})
		}
	}
}

// TestTheLastGoodCopyIsTheLastOfAnyProcess: a certificate that another process knows to be removed is not believed
// either while the metadata cannot be read.
func TestTheLastGoodCopyIsTheLastOfAnyProcess(t *testing.T) {
	for name, send := range messages() {
		t.Run(name, func(t *testing.T) {
			p := publish(t, metadataOf(idpName, "", idpKey(t), attacker(t)))
			l := newLab(t, Config{})
			cfg := Config{MetadataURL: p.url, Now: l.cfg.Now, Store: newMemory(testKey(t))}
			l.SAML = open(t, cfg)
			if err := send(t, l, attacker(t)); err != nil {
				t.Fatal("positive control:", err)
			}
			l.now = l.now.Add(24 * time.Hour)
			p.set("")
			if err := send(t, l, attacker(t)); err != nil {
				t.Error("while nobody knows better:", err)
			}
			p.set(metadataOf(idpName, "", idpKey(t)))
			if _, err := open(t, cfg).Ends(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.set("")
			l.now = l.now.Add(24 * time.Hour)
			if err := send(t, l, attacker(t)); !errors.Is(err, errSigner) {
				t.Errorf("the removed one: %v", err)
			}
			if err := send(t, l, idpKey(t)); err != nil {
				t.Errorf("the other one: %v", err)
			}
		})
	}
}

// TestHungMetadataDelaysOneLogin: after one has waited in vain, the next ones do not, for a while.
func TestHungMetadataDelaysOneLogin(t *testing.T) {
	const timeout = 4 * time.Second
	var hung atomic.Bool
	var asked atomic.Int32
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if hung.Load() {
			select {
			case <-r.Context().Done():
			case <-done:
			}
		}
		_, _ = w.Write([]byte(metadataOf(idpName, "", idpKey(t))))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	l := newLab(t, Config{})
	l.SAML = open(t, Config{MetadataURL: server.URL, Now: l.cfg.Now, Timeout: timeout})
	get := func(times int) time.Duration {
		t.Helper()
		began := time.Now()
		for range times {
			if _, err := l.source.get(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return time.Since(began)
	}
	if took := get(1); took > timeout/patience {
		t.Fatalf("positive control: took %s", took)
	}
	hung.Store(true)
	l.now = l.now.Add(refreshEvery)
	if took := get(1); took < timeout/patience || took >= timeout {
		t.Errorf("the first took %s, want %s", took, timeout/patience)
	}
	l.now = l.now.Add(restAfter - time.Second)
	if took := get(10); took >= timeout/patience || asked.Load() != 2 {
		t.Errorf("ten more took %s, and it was asked %d times", took, asked.Load())
	}
	l.now = l.now.Add(time.Second)
	if took := get(1); took < timeout/patience {
		t.Errorf("the first after %s took %s, want %s", restAfter, took, timeout/patience)
	}
}
