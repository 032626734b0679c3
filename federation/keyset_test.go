package federation_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/federation"
)

func TestUnknownKeysDoNotBecomeAStorm(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	if _, err := h.run(o, attempt{}); err != nil {
		t.Fatal("positive control:", err)
	}
	for i := range 50 {
		_, err := h.run(o, attempt{change: header("kid", fmt.Sprint("junk", i))})
		if err == nil || errors.Is(err, federation.ErrUnreachable) {
			t.Fatalf("junk key id: %v", err)
		}
	}
	if n := h.count("/keys"); n > 3 {
		t.Errorf("50 unknown key ids fetched the keys %d times", n)
	}
	if _, err := h.run(o, attempt{}); err != nil {
		t.Errorf("an honest login during the storm: %v", err)
	}
	h.publish("k2")
	h.now = h.now.Add(10 * time.Second)
	if _, err := h.run(o, attempt{change: header("kid", "k2")}); err != nil {
		t.Errorf("a key rotated during the storm, ten seconds later: %v", err)
	}
}

func TestConcurrentLoginsShareOneKeyFetch(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	started, err := o.Start(t.Context(), startRequest)
	if err != nil {
		t.Fatal(err)
	}
	token := h.forge(query(t, started.URL).Get("nonce")).token(t)
	h.answer = map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": token}
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			response := federation.Response{Memo: started.Memo, RedirectURI: callback, Params: map[string][]string{"code": {"c"}}}
			if _, err := o.Finish(t.Context(), response); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := h.count("/keys"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestARemovedKeyStopsWorking(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	if _, err := h.run(o, attempt{}); err != nil {
		t.Fatal("positive control:", err)
	}
	h.publish("k2")
	h.now = h.now.Add(14 * time.Minute)
	if _, err := h.run(o, attempt{}); err != nil {
		t.Errorf("before the keys are due: %v", err)
	}
	h.now = h.now.Add(2 * time.Minute)
	if _, err := h.run(o, attempt{}); err == nil || errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("a key that the IdP no longer publishes: %v", err)
	}
}

func TestKeysExpireDuringAnOutage(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	if _, err := h.run(o, attempt{}); err != nil {
		t.Fatal("positive control:", err)
	}
	h.replace("/keys", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	h.now = h.now.Add(59 * time.Minute)
	if _, err := h.run(o, attempt{}); err != nil {
		t.Errorf("after 59 minutes: %v", err)
	}
	if _, err := h.run(o, attempt{change: header("kid", "k2")}); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("a key that might be new: %v", err)
	}
	h.now = h.now.Add(2 * time.Minute)
	if _, err := h.run(o, attempt{}); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("after 61 minutes: %v", err)
	}
}

func TestOnlySoundKeysAreUsed(t *testing.T) {
	h := newHostile(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	huge := &rsa.PublicKey{N: new(big.Int).SetBit(new(big.Int).Set(h.key.N), 500_000, 1), E: h.key.E}
	good := jose.JSONWebKey{Key: &h.key.PublicKey, KeyID: "k1", Use: "sig"}
	many := make([]jose.JSONWebKey, 101)
	for i := range many {
		many[i] = good
	}
	for _, tc := range []struct {
		name string
		keys []jose.JSONWebKey
		want string
	}{
		{"positive control", []jose.JSONWebKey{good}, ""},
		{"beside a key for encryption", []jose.JSONWebKey{{Key: &h.key.PublicKey, KeyID: "k1", Use: "enc"}, good}, ""},
		{"for encryption only", []jose.JSONWebKey{{Key: &h.key.PublicKey, KeyID: "k1", Use: "enc"}}, "none of them"},
		{"symmetric", []jose.JSONWebKey{{Key: []byte(strings.Repeat("k", 32)), KeyID: "k1"}}, "none of them"},
		{"private", []jose.JSONWebKey{{Key: h.key, KeyID: "k1"}}, "none of them"},
		{"1024 bits", []jose.JSONWebKey{{Key: &weak.PublicKey, KeyID: "k1"}}, "none of them"},
		{"500 000 bits", []jose.JSONWebKey{{Key: huge, KeyID: "k1"}}, "none of them"},
		{"500 000 bits, beside a good one", []jose.JSONWebKey{{Key: huge, KeyID: "k1"}, good}, ""},
		{"for another algorithm", []jose.JSONWebKey{{Key: &h.key.PublicKey, KeyID: "k1", Algorithm: "RS512"}}, "no key of the identity provider"},
		{"too many", many, "101 are more than"},
		{"none", []jose.JSONWebKey{}, "none of them"},
	} {
		h.keys = tc.keys
		_, err := h.run(h.open(nil), attempt{})
		switch {
		case tc.want == "" && err != nil:
			t.Fatalf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: error is %v, want %q", tc.name, err, tc.want)
		}
	}
}
