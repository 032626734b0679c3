package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/dns/dnsmessage"
)

// startNameServer answers every question for TXT records with the lines of the file as it is then: none, when
// there is no such file; SERVFAIL, when it is empty.
func startNameServer(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: nameserver FILE")
		}
		socket, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		ts.Check(err)
		done := make(chan struct{})
		ts.Defer(func() { _ = socket.Close(); <-done })
		ts.Setenv("RESOLVER", socket.LocalAddr().String())
		file := ts.MkAbs(args[0])
		go func() {
			defer close(done)
			packet := make([]byte, 1500)
			for {
				n, from, err := socket.ReadFrom(packet)
				if err != nil {
					return
				}
				if answer, err := answerFrom(file, packet[:n]); err == nil {
					_, _ = socket.WriteTo(answer, from)
				}
			}
		}()
	}
}

func answerFrom(file string, question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) != 1 {
		return nil, errors.Join(err, errors.New("want one question"))
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	text, err := os.ReadFile(file) //nolint:gosec // the script names it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		m.RCode = dnsmessage.RCodeNameError
	case err != nil || len(text) == 0:
		m.RCode = dnsmessage.RCodeServerFailure
	}
	for line := range strings.Lines(string(text)) {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET, TTL: 60},
			Body:   &dnsmessage.TXTResource{TXT: []string{strings.TrimSuffix(line, "\n")}},
		})
	}
	return m.Pack()
}
