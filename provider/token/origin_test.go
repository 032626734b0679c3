package token_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/provider/token"
)

func TestOriginOnTheWire(t *testing.T) {
	b := newBench(t)
	a := person()
	a.Origin = &token.Origin{ClientID: "portal", IDs: []string{"b", "a"}}
	raw, _ := b.mint(t, access(time.Minute), a)
	want := map[string]any{"client_id": "portal", "jti": []any{"b", "a"}}
	if diff := cmp.Diff(want, members(t, part(t, raw, 1))["exchanged_from"]); diff != "" {
		t.Errorf("exchanged_from (-want +got):\n%s", diff)
	}
	got, err := b.VerifyAccess(t.Context(), raw)
	if err != nil || cmp.Diff(a.Origin, got.Origin) != "" {
		t.Errorf("verified %+v, %v", got.Origin, err)
	}
	a.Origin, a.Claims = nil, map[string]any{"exchanged_from": want}
	if _, _, err := b.MintAccess(access(time.Minute), a); err == nil {
		t.Error("a further claim pretends to an origin")
	}
}

func TestOriginsAreStrict(t *testing.T) {
	b := newBench(t)
	raw, _ := b.mint(t, access(time.Minute), person())
	payload := part(t, raw, 1)
	forge := func(origin string) error {
		_, err := b.VerifyAccess(t.Context(), b.forge(t, keyring.Shared, keyring.ES256, goodHeader, payload[:len(payload)-1]+`,"exchanged_from":`+origin+"}"))
		return err
	}
	if err := forge(`{"client_id":"portal","jti":["a"]}`); err != nil {
		t.Fatalf("control: %v", err)
	}
	for _, origin := range []string{
		`null`, `"a"`, `["a"]`, `{}`, `{"client_id":"portal"}`, `{"jti":["a"]}`, `{"client_id":"","jti":["a"]}`, `{"client_id":"portal","jti":[]}`,
		`{"client_id":"portal","jti":"a"}`, `{"client_id":"portal","jti":[7]}`, `{"client_id":"portal","jti":["a"],"x":1}`, `{"client_id":"portal","JTI":["a"]}`,
	} {
		if err := forge(origin); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v", origin, err)
		}
	}
}
