package broker_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
)

// TestAPasswordTypedAsLogin: it is nobody's name, so it is not kept; a name that is somebody's is.
func TestAPasswordTypedAsLogin(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	_, err := password(t, k, b, attempt, "ana", "wrong")
	if l := k.recorded(refused(t, err, broker.ReasonCredentials)); l.Subject != "ana" || l.IsNobody() {
		t.Fatalf("positive control: %+v", l)
	}
	const typed = "correct-horse-battery"
	var subjects []string
	for _, login := range []string{typed, " " + strings.ToUpper(typed), typed + "2"} {
		_, err := password(t, k, b, attempt, login, "x")
		l := k.recorded(refused(t, err, broker.ReasonCredentials))
		if !l.IsNobody() || l.Subject != broker.NobodysName(k.Sealer, login) {
			t.Errorf("%q is recorded as %q", login, l.Subject)
		}
		subjects = append(subjects, l.Subject)
	}
	if subjects[0] != subjects[1] || subjects[0] == subjects[2] {
		t.Errorf("the same name has two pseudonyms, or two names have one: %q", subjects)
	}
	for range 12 { // until the throttle answers
		if _, err = password(t, k, b, attempt, typed, "x"); err == nil {
			t.Fatal("accepted")
		}
	}
	refused(t, err, broker.ReasonThrottled)
	all := strings.ToLower(fmt.Sprintf("%+v %+v", k.logins(), k.logged(broker.LoginRefused)))
	if strings.Contains(all, typed) || !strings.Contains(all, subjects[0]) {
		t.Errorf("what was typed is kept:\n%s", all)
	}
}

// TestStrangersFillNoTable: whoever has seen the address of an attempt may post to it without end.
func TestStrangersFillNoTable(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	before, events := len(k.logins()), len(k.logged(broker.LoginRefused))
	for range 20 {
		stranger := newBrowser()
		_, err := password(t, k, stranger, attempt, "ana", "x")
		if l := k.recorded(refused(t, err, broker.ReasonBrowser)); l.AttemptID != attempt {
			t.Fatalf("recorded %+v", l)
		}
		_, err = k.Cancel(t.Context(), attempt, stranger.Browser)
		refused(t, err, broker.ReasonBrowser)
		_, err = password(t, k, b, attempt, "ana", "")
		k.recorded(refused(t, err, broker.ReasonCredentials))
	}
	if n := len(k.logins()) - before; n != 2 {
		t.Errorf("40 posts of strangers and 20 empty passwords left %d records, want one each", n)
	}
	if n := len(k.logged(broker.LoginRefused)) - events; n != 2 {
		t.Errorf("they left %d events, want one each", n)
	}
	k.goesOn(b, attempt)
}
