package sqlstore_test

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// BenchmarkRefresh is the state's part of a refresh: find the family, rotate it.
func BenchmarkRefresh(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkRefresh(b, migrated(b, sqliteDSN(b))) })
	b.Run("mariadb", func(b *testing.B) { benchmarkRefresh(b, migrated(b, mariadbDSN(b))) })
}

func benchmarkRefresh(b *testing.B, s *sqlstore.Store) {
	at := time.Now()
	later := at.Add(time.Hour)
	b.RunParallel(func(pb *testing.PB) {
		code := grant.Code{Hash: grant.Hash(append(key(), key()...)), CreatedAt: at, ExpiresAt: later}
		family := grant.Family{ID: id.New(), Seq: 1, SealedSeed: make([]byte, 60), CreatedAt: at, RotatedAt: at, ExpiresAt: later, AbsoluteAt: later}
		if err := s.Settle(b.Context(), broker.Settlement{Nonce: id.New(), Code: &code}); err != nil {
			b.Error(err)
			return
		}
		if err := s.RedeemCode(b.Context(), code.Hash, id.New(), at, &family); err != nil {
			b.Error(err)
			return
		}
		for pb.Next() {
			found, err := s.FindFamily(b.Context(), family.ID)
			if err != nil {
				b.Error(err)
				return
			}
			_, err = s.RotateFamily(b.Context(), grant.Rotation{Found: found, Seq: found.Seq, Nonce: id.New(), At: at, ExpiresAt: later})
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func key() []byte {
	i := id.New()
	return i[:]
}
