package token_test

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// BenchmarkMintAccess must stay below twice BenchmarkSignatureAlone: nothing but the signature may
// cost anything to speak of.
func BenchmarkMintAccess(b *testing.B) {
	kit := newBench(b)
	a := person()
	a.Claims = map[string]any{"roles": []string{"agent", "supervisor"}, "permissions": []string{"calls.read"}}
	kit.mint(b, access(time.Minute), a)
	b.ReportAllocs()
	for b.Loop() {
		kit.mint(b, access(time.Minute), a)
	}
}

func BenchmarkSignatureAlone(b *testing.B) {
	signer, err := newBench(b).keys.Signer(keyring.Shared, keyring.ES256)
	if err != nil {
		b.Fatal(err)
	}
	input := make([]byte, 700)
	for b.Loop() {
		if _, err := signer.Sign(input); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMintID(b *testing.B) {
	kit := newBench(b)
	how := token.Signing{Algorithm: keyring.RS256, Lifetime: time.Minute}
	for b.Loop() {
		kit.mintID(b, how, identity(), token.Beside{AccessToken: "x"})
	}
}

func BenchmarkVerifyAccess(b *testing.B) {
	kit := newBench(b)
	raw, _ := kit.mint(b, access(time.Minute), person())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := kit.VerifyAccess(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckAccess is what a verified token in a cache costs per use.
func BenchmarkCheckAccess(b *testing.B) {
	kit := newBench(b)
	_, minted := kit.mint(b, access(time.Minute), person())
	b.ReportAllocs()
	for b.Loop() {
		if err := kit.CheckAccess(b.Context(), minted); err != nil {
			b.Fatal(err)
		}
	}
}
