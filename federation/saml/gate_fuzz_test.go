package saml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/url"
	"testing"

	dsig "github.com/russellhaering/goxmldsig"

	"github.com/patchbay-auth/patchbay/federation"
)

// FuzzGate: what passes the gate is a tree within the limits, which says the same when it is written and
// read again in canonical form; and nothing that passes is believed. The first seed answers the lab's own request in
// its time, and is refused for nothing but its signature.
func FuzzGate(f *testing.F) {
	l := newLab(f, Config{})
	forged := newForgery(f, l.now, l.request)
	if err := l.finish(f, newForgery(f, l.now, l.request).seal().text()); err != nil {
		f.Fatal("positive control:", err)
	}
	forged.idp = attacker(f)
	near := forged.seal().text()
	if err := l.finish(f, near); !errors.Is(err, errSigner) {
		f.Fatal("what nobody has signed:", err)
	}
	for _, seed := range []string{
		near, "<a/>", `<?xml version="1.0"?><a b="c" xmlns:d="e"><d:f/>text</a>`, `<a xmlns="u"><b xmlns=""/></a>`, "<a>&#10;&amp;</a>",
		"<!DOCTYPE a><a/>", "<a:b:c/>", `<a xmlns:x="1" x:y="2" y="3"/>`, "<a><![CDATA[x]]></a>", "\ufeff<a/>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := messageLimits.parse(data)
		if err != nil {
			return
		}
		canonical := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
		first, err := canonical.Canonicalize(root)
		if err == nil && len(first) <= messageLimits.bytes {
			again, err := messageLimits.parse(first)
			if err != nil {
				t.Fatalf("%q became %q: %v", data, first, err)
			}
			second, err := canonical.Canonicalize(again)
			if err != nil || !bytes.Equal(first, second) {
				t.Fatalf("%q became %q, and that %q (%v)", data, first, second, err)
			}
		}
		_, err = l.Finish(t.Context(), federation.Response{Memo: l.started.Memo, Params: url.Values{
			"SAMLResponse": {base64.StdEncoding.EncodeToString(data)},
		}})
		if err == nil {
			t.Fatalf("%q was believed", data)
		}
	})
}
