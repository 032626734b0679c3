package domain_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/patchbay-auth/patchbay/broker/domain"
)

// A nameServer answers on one port of loopback, by UDP and TCP.
type nameServer struct {
	t       *testing.T
	address string

	mu     sync.Mutex
	answer func(*dnsmessage.Message) // makes an answer of a question; nil says nothing
	asked  []string                  // "udp name." and "tcp name."
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	n := &nameServer{t: t}
	udp, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.address = udp.LocalAddr().String()
	tcp, err := new(net.ListenConfig).Listen(t.Context(), "tcp", n.address)
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	t.Cleanup(func() { _, _ = udp.Close(), tcp.Close(); work.Wait() })
	work.Go(func() { n.datagrams(udp) })
	work.Go(func() { n.streams(tcp) })
	return n
}

func (n *nameServer) datagrams(c net.PacketConn) {
	question := make([]byte, 1500)
	for {
		size, from, err := c.ReadFrom(question)
		if err != nil {
			return
		}
		if answer := n.reply("udp", question[:size]); answer != nil {
			_, _ = c.WriteTo(answer, from)
		}
	}
}

// streams reads one question from each connection, which has its length before it (RFC 1035 §4.2.2).
func (n *nameServer) streams(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		var size uint16
		if binary.Read(c, binary.BigEndian, &size) == nil {
			question := make([]byte, size)
			if _, err := io.ReadFull(c, question); err == nil {
				if answer := n.reply("tcp", question); answer != nil {
					_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
				}
			}
		}
		_ = c.Close()
	}
}

func (n *nameServer) reply(network string, question []byte) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) != 1 {
		n.t.Errorf("a question that cannot be read: %v", err)
		return nil
	}
	n.asked = append(n.asked, network+" "+m.Questions[0].Name.String())
	if n.answer == nil {
		return nil
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	n.answer(&m)
	if len(m.Answers) > 0 && network == "udp" && len(m.Answers[0].Body.(*dnsmessage.TXTResource).TXT) > 4 {
		m.Truncated, m.Answers = true, nil
	}
	packed, err := m.Pack()
	if err != nil {
		n.t.Error(err)
	}
	return packed
}

func (n *nameServer) questions() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.asked)
}

func (n *nameServer) says(answer func(*dnsmessage.Message)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer, n.asked = answer, nil
}

// texts answers with one TXT record for each list of its strings, each of at most 255 bytes.
func texts(records ...[]string) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) {
		for _, strings := range records {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET, TTL: 60},
				Body:   &dnsmessage.TXTResource{TXT: strings},
			})
		}
	}
}

func code(c dnsmessage.RCode) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) { m.RCode = c }
}

// TestNameServer: a proof by a real name server, and everything else that it may say.
func TestNameServer(t *testing.T) {
	server := newNameServer(t)
	k := newKit(t)
	k.Resolver = domain.ServerAt(server.address)
	record, err := k.Record(t.Context(), "acme", "acme.example")
	k.must(err)
	of, err := k.Record(t.Context(), "rival", "acme.example")
	k.must(err)
	token, half := record.Value, len(record.Value)/2
	filler := strings.Repeat("x", 255)
	const (
		proven = iota
		absent
		unknown
	)
	for i, c := range []struct {
		name   string
		answer func(*dnsmessage.Message)
		want   int
	}{
		{"the record (control)", texts([]string{token}), proven},
		{"in two strings", texts([]string{token[:half], token[half:]}), proven},
		{"among other records", texts([]string{"v=spf1 -all"}, []string{""}, []string{token}), proven},
		{"after a long one, by TCP", texts([]string{filler, filler, filler, filler, filler}, []string{token}), proven},
		{"no such name", code(dnsmessage.RCodeNameError), absent},
		{"no TXT record at the name", texts(), absent},
		{"another tenant's token", texts([]string{of.Value}), absent},
		{"a wrong token", texts([]string{"patchbay-verification=aaaaaaaaaaaaaaaaaaaaaaaaaa"}), absent},
		{"the token without its name", texts([]string{strings.TrimPrefix(token, "patchbay-verification=")}), absent},
		{"in quotation marks", texts([]string{`"` + token + `"`}), absent},
		{"in two records", texts([]string{token[:half]}, []string{token[half:]}), absent},
		{"inside a longer string", texts([]string{"x " + token + " y"}), absent},
		{"SERVFAIL", code(dnsmessage.RCodeServerFailure), unknown},
		{"REFUSED", code(dnsmessage.RCodeRefused), unknown},
		{"the answer to another question", func(m *dnsmessage.Message) {
			texts([]string{token})(m)
			m.Questions[0].Name = dnsmessage.MustNewName("_patchbay.elsewhere.example.")
		}, unknown},
		{"another transaction", func(m *dnsmessage.Message) { texts([]string{token})(m); m.ID++ }, unknown},
		{"no response", func(m *dnsmessage.Message) { texts([]string{token})(m); m.Response = false }, unknown},
		{"nothing", nil, unknown},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			server.says(c.answer)
			patience := 10 * time.Second
			if c.want == unknown {
				patience = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := k.Verify(ctx, k.tenant("acme"), "acme.example", "cli:ana")
			owned := k.tenant("acme").Owns("acme.example")
			if (err == nil) != (c.want == proven) || errors.Is(err, domain.ErrNoRecord) != (c.want == absent) || owned != (c.want == proven) {
				t.Errorf("owned %v, %v", owned, err)
			}
			if c.want == unknown && (err == nil || !strings.Contains(err.Error(), server.address)) {
				t.Errorf("%v does not name the server", err)
			}
			for _, asked := range server.questions() {
				if !strings.HasSuffix(asked, " _patchbay.acme.example.") {
					t.Errorf("asked for %s", asked)
				}
			}
			if owned {
				k.must(k.store.RevokeDomain(t.Context(), provenBy("acme", "acme.example")))
			}
		})
		if i == 0 && !ok {
			t.Fatal("nothing can be proven: the rest would prove nothing")
		}
	}
}

// TestNameServerThatIsNotThere: a closed port is no answer either.
func TestNameServerThatIsNotThere(t *testing.T) {
	k := newKit(t)
	k.Resolver = domain.ServerAt("127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := k.Verify(ctx, k.tenant("acme"), "acme.example", "cli:ana")
	if err == nil || errors.Is(err, domain.ErrNoRecord) || k.tenant("acme").Owns("acme.example") {
		t.Errorf("%v", err)
	}
}
