package keyring_test

import (
	"fmt"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

func BenchmarkSigner(b *testing.B) {
	k := open(b, &memory{}, newSealer(b), &clock{at: start}, keyring.Shared)
	b.ReportAllocs()
	for b.Loop() {
		signer(b, k, keyring.Shared, keyring.ES256)
	}
}

func BenchmarkSign(b *testing.B) {
	k := open(b, &memory{}, newSealer(b), &clock{at: start}, keyring.Shared)
	for _, alg := range allAlgs {
		b.Run(string(alg), func(b *testing.B) {
			s, input := signer(b, k, keyring.Shared, alg), make([]byte, 600)
			for b.Loop() {
				if _, err := s.Sign(input); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen is what a start costs with many realms, whose keys are parsed when first used.
func BenchmarkOpen(b *testing.B) {
	store, sealer, c := &memory{}, anyRow{newSealer(b)}, &clock{at: start}
	open(b, store, sealer, c, keyring.Shared)
	for i := range 1000 {
		for _, r := range store.records[:3] {
			r.Scope, r.ID = keyring.Realm(fmt.Sprint(i)), keyring.KeyID(fmt.Sprint(r.ID, i))
			store.records = append(store.records, r)
		}
	}
	for b.Loop() {
		if _, err := keyring.Open(b.Context(), keyring.Config{Store: store, Sealer: sealer, Now: c.now}); err != nil {
			b.Fatal(err)
		}
	}
}

// anyRow opens a record in every row, so that a thousand copies of one will do.
type anyRow struct{ sealer keyring.Sealer }

func (a anyRow) Seal(plaintext, _ []byte) ([]byte, error) { return a.sealer.Seal(plaintext, nil) }
func (a anyRow) Open(sealed, _ []byte) ([]byte, error)    { return a.sealer.Open(sealed, nil) }
