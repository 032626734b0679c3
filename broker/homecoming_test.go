package broker_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
)

// An answering is an identity provider whose browser brings an answer: "signed <request>", where the request
// of a departure is its memo, or "failed <request>".
type answering struct{ *idp }

func (i *answering) LogoutAnswer(_ context.Context, m federation.LogoutMessage) (federation.LogoutAnswer, error) {
	said := m.Query
	if m.Form != nil {
		said = m.Form.Get("SAMLResponse")
	}
	how, request, _ := strings.Cut(said, " ")
	answer := federation.LogoutAnswer{IdP: "https://idp.example", Request: request}
	switch how {
	case "signed":
		return answer, nil
	case "failed":
		answer.Failed = &federation.ResponseError{Code: "Responder"}
		return answer, nil
	}
	return federation.LogoutAnswer{}, errors.New("it is not signed")
}

func (i *answering) AnswersLogout(memo []byte, a federation.LogoutAnswer) error {
	switch {
	case len(memo) == 0 || a.Request != string(memo):
		return errors.New("it answers another request")
	case a.Failed != nil:
		return a.Failed
	}
	return nil
}

// TestAnAnswerToALogout: the session here has ended whatever the answer says; only a believable success means
// that the one there has, too, and everything else is told.
func TestAnAnswerToALogout(t *testing.T) {
	for _, tc := range []struct {
		name, answer string // REQUEST stands for the departure's
		elsewhere    bool   // it was posted for another departure
		garbled      bool   // what SealAnswer made is not what comes back
		detail       string // in the audit log; empty is no event
	}{
		{name: "positive control", answer: "signed REQUEST"},
		{name: "to another request", answer: "signed other", detail: "another request"},
		{name: "unsigned", answer: "other REQUEST", detail: "not signed"},
		{name: "a failure", answer: "failed REQUEST", detail: "Responder"},
		{name: "no answer", answer: "", detail: "not signed"},
		{name: "of another departure", answer: "signed REQUEST", elsewhere: true, detail: "not one that was posted here"},
		{name: "made up", answer: "signed REQUEST", garbled: true, detail: "not one that was posted here"},
	} {
		for _, posted := range []bool{false, true} {
			if !posted && (tc.elsewhere || tc.garbled) {
				continue
			}
			k, b, state := departing(t)
			k.Upstreams = broker.NewUpstreams(k.Registry, func(c *registry.Connection) (broker.Upstream, error) {
				return &answering{&idp{idps: k.idps, connection: c.ID}}, nil
			})
			home := broker.Homecoming{Account: "acme", Connection: "corp", State: state, Browser: b.Browser}
			home.Query = strings.Replace(tc.answer, "REQUEST", "memo of "+state, 1)
			if posted {
				at := state
				if tc.elsewhere {
					at = "another"
				}
				var err error
				home.Answer, err = k.SealAnswer(t.Context(), "acme", "corp", at, url.Values{"SAMLResponse": {home.Query}})
				k.must(err)
				if strings.Contains(home.Answer, "memo") {
					t.Errorf("%s: the answer can be read: %s", tc.name, home.Answer)
				}
				if home.Query = ""; tc.garbled {
					home.Answer = strings.ToUpper(home.Answer)
				}
			}
			d, ended, err := k.Return(t.Context(), home)
			if err != nil || d.ReturnURI != goodbye || ended != (tc.detail == "") {
				t.Errorf("%s, posted %v: %+v, ended %v, %v", tc.name, posted, d, ended, err)
			}
			events := k.logged(broker.LogoutUnconfirmed)
			if tc.detail == "" && len(events) != 0 || tc.detail != "" &&
				(len(events) != 1 || events[0].Account != "acme" || events[0].Detail["connection"] != "corp" || !strings.Contains(events[0].Detail["detail"], tc.detail)) {
				t.Errorf("%s, posted %v: the audit log has %+v", tc.name, posted, events)
			}
		}
	}
}

// TestAnAnswerToNothing leaves no trace: anybody can send one.
func TestAnAnswerToNothing(t *testing.T) {
	k, b, _ := departing(t)
	_, _, err := k.Return(t.Context(), broker.Homecoming{Account: "acme", Connection: "corp", State: "other", Query: "unsigned", Browser: b.Browser})
	if !errors.Is(err, broker.ErrNotFound) {
		t.Fatal(err)
	}
	if events := k.logged(broker.LogoutUnconfirmed); len(events) != 0 {
		t.Errorf("the audit log has %+v", events)
	}
}
