package keyring_test

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

// TestAScopeSignsFromItsFirstStart reads the JWKS and the signatures with a library that is not ours.
func TestAScopeSignsFromItsFirstStart(t *testing.T) {
	store, sealer, c := &memory{}, newSealer(t), &clock{at: start}
	k := open(t, store, sealer, c, keyring.Shared)
	rendered, err := k.KeySet(keyring.Shared)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(rendered, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 3 || set.Keys[0].Algorithm != "RS256" || set.Keys[1].Algorithm != "ES256" || set.Keys[2].Algorithm != "EdDSA" {
		t.Fatalf("JWKS has not RS256, ES256 and EdDSA in this order: %s", rendered)
	}
	restarted := open(t, store, sealer, c)
	for i, alg := range allAlgs {
		public := set.Keys[i]
		sum, err := public.Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if kid := base64.RawURLEncoding.EncodeToString(sum); public.KeyID != kid || public.Use != "sig" || !public.IsPublic() {
			t.Errorf("%s: kid %s, use %q, public %v; want the thumbprint %s of a public sig key", alg, public.KeyID, public.Use, public.IsPublic(), kid)
		}
		const input = `eyJhIjoxfQ.eyJiIjoyfQ`
		s := signer(t, restarted, keyring.Shared, alg)
		if string(s.ID) != public.KeyID {
			t.Errorf("%s: kid after a restart is %s, was %s", alg, s.ID, public.KeyID)
		}
		header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + string(alg) + `"}`))
		signature, err := s.Sign([]byte(header + ".e30"))
		if err != nil {
			t.Fatal(err)
		}
		jws, err := jose.ParseSignedCompact(header+".e30."+base64.RawURLEncoding.EncodeToString(signature),
			[]jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jws.Verify(public.Key); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		own, err := k.Key(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := own.Verify([]byte(header+".e30"), signature); err != nil {
			t.Errorf("%s: our own verification: %v", alg, err)
		}
		if err := own.Verify([]byte(input), signature); !errors.Is(err, keyring.ErrBadSignature) {
			t.Errorf("%s: a signature of something else: %v", alg, err)
		}
		if err := own.Verify([]byte(header+".e30"), signature[1:]); !errors.Is(err, keyring.ErrBadSignature) {
			t.Errorf("%s: a shortened signature: %v", alg, err)
		}
	}
}

func TestScopesShareNoKeys(t *testing.T) {
	k := open(t, &memory{}, newSealer(t), &clock{at: start}, keyring.Shared, keyring.Realm("acme"))
	a, b := signer(t, k, keyring.Shared, keyring.ES256), signer(t, k, keyring.Realm("acme"), keyring.ES256)
	if a.ID == b.ID {
		t.Errorf("both scopes sign with %s", a.ID)
	}
	set, err := k.KeySet(keyring.Shared)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(set), string(a.ID)) || strings.Contains(string(set), string(b.ID)) {
		t.Errorf("JWKS of %s: %s", keyring.Shared, set)
	}
	if key, err := k.Key(t.Context(), b.ID); err != nil || key.Scope != keyring.Realm("acme") {
		t.Errorf("key %s: scope %q, %v", b.ID, key.Scope, err)
	}
	for what, err := range map[string]error{
		"signer of an unknown scope":     second(k.Signer("realm:other", keyring.ES256)),
		"signer of an unknown algorithm": second(k.Signer(keyring.Shared, "none")),
		"key set of an unknown scope":    second(k.KeySet("realm:other")),
		"unknown kid":                    second(k.Key(t.Context(), "nobody")),
	} {
		if !errors.Is(err, keyring.ErrNoKey) {
			t.Errorf("%s: %v, want ErrNoKey", what, err)
		}
	}
}

func TestReplicasThatStartAtOnceShareKeys(t *testing.T) {
	var both sync.WaitGroup // holds each insert back until both replicas have made their keys
	both.Add(2)
	store := &memory{beforeInsert: func() { both.Done(); both.Wait() }}
	sealer, c := newSealer(t), &clock{at: start}
	replicas := []*keyring.Keyring{open(t, store, sealer, c), open(t, store, sealer, c)}
	var done sync.WaitGroup
	for _, k := range replicas {
		done.Go(func() {
			if err := k.Ensure(t.Context(), keyring.Shared); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if store.inserts != 2 || len(store.records) != len(allAlgs) {
		t.Fatalf("%d inserts left %d records, want 2 and %d", store.inserts, len(store.records), len(allAlgs))
	}
	for _, alg := range allAlgs {
		a, b := signer(t, replicas[0], keyring.Shared, alg), signer(t, replicas[1], keyring.Shared, alg)
		if a.ID != b.ID {
			t.Errorf("%s: one replica signs with %s, the other with %s", alg, a.ID, b.ID)
		}
	}
}

func TestManyCallersMakeOneSetOfKeys(t *testing.T) {
	store := &memory{}
	k := open(t, store, newSealer(t), &clock{at: start})
	var done sync.WaitGroup
	for range 16 {
		done.Go(func() {
			if err := k.Ensure(t.Context(), keyring.Realm("acme")); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if store.inserts != 1 {
		t.Errorf("%d inserts, want 1", store.inserts)
	}
	before := store.loads
	if err := k.Ensure(t.Context(), keyring.Realm("acme")); err != nil {
		t.Fatal(err)
	}
	if store.loads != before {
		t.Error("Ensure of a scope that has its keys asked the store")
	}
}

func TestARecordIsWorthNothingElsewhere(t *testing.T) {
	sealer, c := newSealer(t), &clock{at: start}
	cases := []struct {
		name   string
		sealer keyring.Sealer
		edit   func([]keyring.Record)
	}{
		{name: "untouched (control)", sealer: sealer, edit: func([]keyring.Record) {}},
		{name: "another key file", sealer: newSealer(t), edit: func([]keyring.Record) {}},
		{name: "moved to another scope", sealer: sealer, edit: func(r []keyring.Record) { r[0].Scope = "realm:mine" }},
		{name: "moved to another sequence", sealer: sealer, edit: func(r []keyring.Record) { r[0].Sequence = 2 }},
		{name: "under another kid", sealer: sealer, edit: func(r []keyring.Record) { r[0].ID = "mine" }},
		{name: "keys swapped", sealer: sealer, edit: func(r []keyring.Record) { r[0].Sealed, r[1].Sealed = r[1].Sealed, r[0].Sealed }},
		{name: "planted unsealed", sealer: sealer, edit: func(r []keyring.Record) { r[0].Sealed = []byte("0123456789012345678901234567890123456789") }},
	}
	store := &memory{}
	open(t, store, sealer, c, keyring.Shared)
	original := append([]keyring.Record(nil), store.records...)
	for i, tc := range cases {
		store.edit(func(r []keyring.Record) { copy(r, original); tc.edit(r) })
		_, err := keyring.Open(t.Context(), keyring.Config{Store: store, Sealer: tc.sealer, Now: c.now})
		switch {
		case i == 0 && err != nil:
			t.Fatalf("%s: %v", tc.name, err)
		case i > 0 && err == nil:
			t.Errorf("%s: accepted", tc.name)
		case i > 0 && !strings.Contains(err.Error(), "S256 key"):
			t.Errorf("%s: the error names no key: %v", tc.name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
