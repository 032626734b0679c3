package token_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/provider/token"
)

func TestActorsOnTheWire(t *testing.T) {
	b := newBench(t)
	a := person()
	a.Actor = &token.Actor{Subject: "gateway", Previous: &token.Actor{Subject: "portal"}}
	raw, _ := b.mint(t, access(time.Minute), a)
	want := map[string]any{"sub": "gateway", "act": map[string]any{"sub": "portal"}}
	if diff := cmp.Diff(want, members(t, part(t, raw, 1))["act"]); diff != "" {
		t.Errorf("act (-want +got):\n%s", diff)
	}
	got, err := b.VerifyAccess(t.Context(), raw)
	if err != nil || cmp.Diff(a.Actor, got.Actor) != "" || got.Actor.Depth() != 2 {
		t.Errorf("verified %+v, %v", got.Actor, err)
	}
	if person().Actor.Depth() != 0 {
		t.Error("a token that was not exchanged has actors")
	}
}

func TestActorsAreStrict(t *testing.T) {
	b := newBench(t)
	raw, _ := b.mint(t, access(time.Minute), person())
	payload := part(t, raw, 1)
	forge := func(act string) error {
		_, err := b.VerifyAccess(t.Context(), b.forge(t, keyring.Shared, keyring.ES256, goodHeader, payload[:len(payload)-1]+`,"act":`+act+"}"))
		return err
	}
	if err := forge(`{"sub":"gateway"}`); err != nil {
		t.Fatalf("control: %v", err)
	}
	for _, act := range []string{
		`null`, `"gateway"`, `[]`, `{}`, `{"sub":""}`, `{"sub":7}`, `{"SUB":"gateway"}`, `{"sub":"gateway","iss":"x"}`,
		`{"sub":"gateway","act":{}}`, `{"sub":"gateway","act":"portal"}`, `{"sub":"gateway","act":{"sub":"portal","x":1}}`,
	} {
		if err := forge(act); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v", act, err)
		}
	}
}
