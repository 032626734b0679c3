package id_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/internal/id"
)

func TestTextForm(t *testing.T) {
	want := id.New()
	got, err := id.Parse(want.String())
	if err != nil || got != want {
		t.Fatalf("Parse(%q) = %v, %v", want.String(), got, err)
	}
	if zero, err := id.Parse(""); err != nil || !zero.IsZero() || zero.String() != "" {
		t.Errorf("the empty text is not the zero ID: %v, %v", zero, err)
	}
	for _, bad := range []string{"00", want.String() + "00", "zz" + want.String()[2:], want.UUID()} {
		if got, err := id.Parse(bad); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", bad, got)
		}
	}
	if a, b := id.New(), id.New(); a == b {
		t.Error("two new IDs are equal")
	}
}
