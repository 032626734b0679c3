package saml

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// forgetful is a Store that has never seen anything.
type forgetful struct{ Store }

func (forgetful) Once(context.Context, [sha256.Size]byte, time.Time) error { return nil }

// splice replaces some bytes of a text.
func splice(text string, at uint16, cut uint8, insert string) string {
	from := min(int(at), len(text))
	return text[:from] + insert + text[min(from+int(cut), len(text)):]
}

// FuzzTampering: whatever is made of an honest response by two changes is refused, or says what the honest one
// says. The response is each process's own, because so is the identity provider's key.
func FuzzTampering(f *testing.F) {
	l := newLab(f, Config{Store: forgetful{newMemory(testKey(f))}})
	honest := newForgery(f, l.now, l.request).seal().text()
	finish := func(text string) (mapping.Identity, error) {
		return l.Finish(context.Background(), federation.Response{Memo: l.started.Memo, Params: url.Values{
			"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(text))},
		}})
	}
	want, err := finish(honest)
	if err != nil {
		f.Fatal("positive control:", err)
	}
	evil := newForgery(f, l.now, l.request).about("admin")
	second, err := serialise(evil)
	if err != nil {
		f.Fatal(err)
	}
	for _, insert := range []string{
		"", " ", "<!---->", "&#x61;", "<![CDATA[admin]]>", ` ID="x"`, ` xmlns:saml="urn:evil"`, ` xmlns="urn:x"`, "<?x?>", "<saml:Advice>", "</saml:Assertion>", string(second),
	} {
		f.Add(uint16(300), uint8(0), insert, uint16(2000), uint8(3), insert)
	}
	f.Fuzz(func(t *testing.T, at uint16, cut uint8, insert string, at2 uint16, cut2 uint8, insert2 string) {
		text := splice(splice(honest, at, cut, insert), at2, cut2, insert2)
		if got, err := finish(text); err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("believed %+v\nof %s\nwhere %+v was signed", got, text, want)
		}
	})
}

// FuzzSignedQuery is the same of a LogoutRequest in a query.
func FuzzSignedQuery(f *testing.F) {
	l := newLab(f, Config{})
	forged := newForgery(f, l.now, l.request)
	honest := query(f, l.logoutRequest(forged), "r", forged.idp, true)
	end := func(raw string) (federation.LogoutNotice, string, error) {
		notice, answer, err := l.SingleLogout(context.Background(), federation.LogoutMessage{Query: raw})
		if err != nil {
			return federation.LogoutNotice{}, "", err
		}
		to, err := url.Parse(answer.URL)
		if err != nil {
			return federation.LogoutNotice{}, "", err
		}
		return notice, to.Query().Get("RelayState"), nil
	}
	want, _, err := end(honest)
	if err != nil {
		f.Fatal("positive control:", err)
	}
	for _, insert := range []string{"", "&", "&RelayState=s", "SAMLRequest=AAAA&", "%52", "+", "=", ";RelayState=s", "&SigAlg=x"} {
		f.Add(uint16(0), uint8(0), insert, uint16(40000), uint8(0), insert)
	}
	f.Fuzz(func(t *testing.T, at uint16, cut uint8, insert string, at2 uint16, cut2 uint8, insert2 string) {
		raw := splice(splice(honest, at, cut, insert), at2, cut2, insert2)
		got, relayState, err := end(raw)
		if err == nil && (!reflect.DeepEqual(got, want) || relayState != "r") {
			t.Fatalf("%+v with the relay state %q, of %s", got, relayState, raw)
		}
	})
}
