package mapping_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/mapping"
)

func TestSubjects(t *testing.T) {
	for _, tc := range []struct {
		form   mapping.Subjects
		tenant mapping.TenantKey
		id     mapping.UserID
		want   string
	}{
		{mapping.ByUserID, "10010", "4711", "4711"},
		{mapping.ByTenant, "10010", "4711", "10010-4711"},
		{mapping.ByTenant, "10010", "a-b", "10010-a-b"},
		{mapping.ByTenant, "10", "1-5", "10-1-5"},
		{mapping.ByTenant, "10-1", "5", "10%2D1-5"},
		{mapping.ByTenant, "10%2D1", "5", "10%252D1-5"},
	} {
		got := tc.form.Of(tc.tenant, tc.id)
		if got != tc.want {
			t.Errorf("user %s of %s is %q, want %q", tc.id, tc.tenant, got, tc.want)
		}
		if id, ok := tc.form.UserID(tc.tenant, got); !ok || id != tc.id {
			t.Errorf("%q is user %q of %s, %t", got, id, tc.tenant, ok)
		}
	}
	for _, tc := range []struct {
		form    mapping.Subjects
		subject string
	}{
		{mapping.ByUserID, ""},
		{mapping.ByTenant, ""},
		{mapping.ByTenant, "10010-"},
		{mapping.ByTenant, "4711"},
		{mapping.ByTenant, "10020-4711"},
		{mapping.ByTenant, "100104711"},
		{mapping.ByTenant, "010010-4711"},
	} {
		if id, ok := tc.form.UserID("10010", tc.subject); ok {
			t.Errorf("%q names user %q of 10010", tc.subject, id)
		}
	}
}

// FuzzSubjects: no two users have one subject.
func FuzzSubjects(f *testing.F) {
	f.Add("10", "1-5", "10-1", "5")
	f.Add("10%2D1", "5", "10-1", "5")
	f.Fuzz(func(t *testing.T, tenant, id, tenant2, id2 string) {
		a := mapping.ByTenant.Of(mapping.TenantKey(tenant), mapping.UserID(id))
		b := mapping.ByTenant.Of(mapping.TenantKey(tenant2), mapping.UserID(id2))
		if same := tenant == tenant2 && id == id2; same != (a == b) {
			t.Errorf("%q of %q and %q of %q: %q, %q", id, tenant, id2, tenant2, a, b)
		}
	})
}
