package interop

import (
	"strings"
	"testing"
	"time"
)

// notice is how long before its time a key is announced here. Servers see it in five seconds.
const notice = 12 * time.Second

// TestSimpleSAMLphpAndOurNextKey replaces the key by which patchbay is known to SimpleSAMLphp, which verifies every
// request and encrypts every assertion. One connection's metadata is loaded again in time, the other's is not.
func TestSimpleSAMLphpAndOurNextKey(t *testing.T) {
	c := company{idp: newSimpleSAML(t)}
	const policy = "want_encrypted: required, logout: upstream"
	c.p = run(t, samlClient()+"connections:\n"+
		samlConnection("prompt", c.idp.metadata(), "{{ .uid }}", policy)+samlConnection("late", c.idp.metadata(), "{{ .uid }}", policy))
	first, late := c.p.serviceProvider(t, "prompt"), c.p.serviceProvider(t, "late")
	c.idp.start(t, c.p.Users, first, late)
	c.idp.configure(t, settings{"assertion.encryption": true})
	c.im, c.who = discover(t, c.p.Issuer), c.p.Users[0]
	c.inAndOut(t, "prompt")
	c.inAndOut(t, "late")
	if t.Failed() {
		t.Fatal("a positive control failed: what is refused would prove nothing")
	}

	var announced time.Time
	for _, connection := range []string{"late", "prompt"} { // so that late's next key is the first to sign
		announced = time.Now()
		said, err := c.p.command(t, "connection", "rotate-key", "acme/"+connection, "--notice", notice.String())
		if err != nil || !strings.Contains(said, "the next key is announced, and signs from ") {
			t.Fatalf("%v: %s", err, said)
		}
	}
	both := c.p.awaitCertificates(t, "prompt", 2)
	if both.certificates("signing")[0] != first.certificates("signing")[0] {
		t.Error("the next certificate comes before the one in use: SimpleSAMLphp encrypts with the first")
	}
	c.p.examine(t, "prompt", warning+"our next key signs from ")
	c.idp.know(t, both, late)
	c.inAndOut(t, "prompt")
	if time.Since(announced) > notice {
		t.Fatalf("it took %s to log in beside the next key, which signs by now", time.Since(announced))
	}

	after := c.p.awaitCertificates(t, "prompt", 1)
	if after.certificates("signing")[0] != both.certificates("signing")[1] {
		t.Error("the certificate in use is not the one that was announced")
	}
	c.inAndOut(t, "prompt") // it still encrypts for the old key, and finds the new one that has signed
	if back, err := c.im.authorize(t, newPerson(t, c.who), "openid", "late"); err == nil {
		t.Errorf("who was not told of the new key came back with %v", back)
	}
	c.p.examine(t, "late", fault+`the identity provider knows this connection and does not believe our signature: a page that says "Unhandled exception"`)

	c.idp.know(t, after, c.p.awaitCertificates(t, "late", 1))
	c.inAndOut(t, "prompt")
	c.inAndOut(t, "late")
}

// inAndOut logs somebody in and out, at the IdP too.
func (c company) inAndOut(t *testing.T, connection string) {
	t.Helper()
	someone := newPerson(t, c.who)
	c.im.end(t, someone, c.logIn(t, someone, connection))
	if c.logIn(t, someone, connection); someone.asked != 2 {
		t.Errorf("connection %s: the password was asked for %d times, want twice: once after the logout", connection, someone.asked)
	}
}

// awaitCertificates returns the metadata of a connection when it names so many certificates for each use.
func (p patchbay) awaitCertificates(t *testing.T, connection string, n int) serviceProvider {
	t.Helper()
	for deadline := time.Now().Add(2 * notice); ; time.Sleep(100 * time.Millisecond) {
		sp := p.serviceProvider(t, connection)
		signing, encryption := sp.certificates("signing"), sp.certificates("encryption")
		if len(signing) == n && strings.Join(signing, " ") == strings.Join(encryption, " ") {
			return sp
		}
		if time.Now().After(deadline) {
			t.Fatalf("the metadata of %s has %d certificates for signatures and %d for encryption, want %d", connection, len(signing), len(encryption), n)
		}
	}
}
