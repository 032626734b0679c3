package main

import (
	"testing"

	"github.com/patchbay-auth/patchbay/testdata/iq"
)

func TestSeedIsWhatTheGeneratorWrites(t *testing.T) {
	text, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	if text != iq.Seed() {
		t.Error("seed.sql is not what the generator writes: run go generate ./testdata/iq")
	}
}
