package storetest

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func sampleRevocation(kind grant.Kind, subject string) grant.Revocation {
	at := time.Now().UTC().Truncate(time.Second)
	return grant.Revocation{ID: id.New(), Kind: kind, Subject: subject, NotBefore: at, ExpiresAt: at.Add(time.Hour)}
}

func revokeReaches(t *testing.T, s Store) {
	for _, test := range []struct {
		kind    grant.Kind
		subject func(grant.Grant) string
		reaches bool
	}{
		{grant.KindGrant, func(g grant.Grant) string { return g.ID.String() }, true},
		{grant.KindSession, func(g grant.Grant) string { return g.SessionID.String() }, true},
		{grant.KindUser, func(g grant.Grant) string { return grant.UserSubject(g.Account, g.UserID) }, true},
		{grant.KindClient, func(g grant.Grant) string { return g.ClientID }, true},
		{grant.KindTenant, func(g grant.Grant) string { return string(g.Account) }, true},
		{grant.KindToken, func(grant.Grant) string { return "jti" }, false},
	} {
		// Nothing of other and of f is alike.
		f, other := sampleFamily(), sampleFamily()
		f.Grant.Account, f.Grant.UserID, f.Grant.ClientID = "t-"+f.Grant.Account, "u/"+f.Grant.UserID, "c-"+f.Grant.ClientID
		putFamily(t, s, f)
		putFamily(t, s, other)
		_, err := s.RotateFamily(t.Context(), rotation(f))
		must(t, err)
		f.Seq = 2
		must(t, s.Revoke(t.Context(), []grant.Revocation{sampleRevocation(test.kind, test.subject(f.Grant))}))

		if revoked := !get(t, s.FindFamily, f.ID).RevokedAt.IsZero(); revoked != test.reaches {
			t.Errorf("%s: revoked is %v", test.kind, revoked)
		}
		_, err = s.RotateFamily(t.Context(), rotation(f))
		if test.reaches {
			wantErr(t, err, grant.ErrConflict)
		} else {
			must(t, err)
		}
		if !get(t, s.FindFamily, other.ID).RevokedAt.IsZero() {
			t.Errorf("%s: another family was revoked", test.kind)
		}
	}
}

func revocationsExpire(t *testing.T, s Store) {
	must(t, s.Revoke(t.Context(), nil))
	short, long := sampleRevocation(grant.KindToken, "a"), sampleRevocation(grant.KindTenant, "b")
	short.ExpiresAt = long.ExpiresAt.Add(-time.Minute)
	must(t, s.Revoke(t.Context(), []grant.Revocation{short, long}))
	for _, test := range []struct {
		at   time.Time
		want int
	}{{short.NotBefore, 2}, {short.ExpiresAt, 1}, {long.ExpiresAt, 0}} {
		got := get(t, s.Revocations, test.at)
		if len(got) != test.want {
			t.Fatalf("%d revocations at %v, want %d", len(got), test.at, test.want)
		}
		if test.want == 1 {
			same(t, got[0], long)
		}
	}
}

func revokeNonsense(t *testing.T, s Store) {
	good := sampleRevocation(grant.KindTenant, "b")
	for _, bad := range []grant.Revocation{
		sampleRevocation(grant.KindGrant, "not hex"),
		sampleRevocation(grant.KindUser, "without-account"),
		sampleRevocation("planet", "earth"),
	} {
		if err := s.Revoke(t.Context(), []grant.Revocation{good, bad}); err == nil {
			t.Errorf("%s %q was revoked", bad.Kind, bad.Subject)
		}
	}
	if got := get(t, s.Revocations, now()); len(got) != 0 {
		t.Errorf("%d revocations were stored beside the nonsense", len(got))
	}
	must(t, s.Revoke(t.Context(), []grant.Revocation{good}))
}
