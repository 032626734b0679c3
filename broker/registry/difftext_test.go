package registry

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocumentsAreNamed: a document that changes in one byte is a difference, and no page of it is printed.
func TestDocumentsAreNamed(t *testing.T) {
	document := func(text string) (o outline) {
		o.text("metadata", strings.Repeat("<md/>\n", 100)+text)
		return o
	}
	before, after := document("a"), document("b")
	if lines := changes("metadata", before, document("a")); lines != nil {
		t.Fatalf("control: %v", lines)
	}
	want := []string{"metadata: 601 bytes, sha256 11ec1dfe → 601 bytes, sha256 fa0f6763"}
	if diff := cmp.Diff(want, changes("metadata", before, after)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if lines := changes("metadata", outline{}, after); len(lines) != 1 || !strings.HasPrefix(lines[0], "metadata: added 601 bytes") {
		t.Errorf("added: %v", lines)
	}
}
