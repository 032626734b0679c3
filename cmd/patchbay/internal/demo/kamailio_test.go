package demo

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestKamailioRegistersTelephones runs the configuration of docs/switches in a Kamailio, where one is
// installed. The test talks plain TCP to it, so that it needs no certificate.
func TestKamailioRegistersTelephones(t *testing.T) {
	binary := program(t, "kamailio")
	d := start(t, Options{})
	token := reportingToken(t, d)
	phone := newTelephone(t, binary, d.facts.Base, d.facts.Clients["sbc"].Secret)
	for _, c := range []struct{ name, method, aor, authorization, want, challenge string }{
		{"its own address (control)", "REGISTER", "4711@pbx.acme.example", "Bearer " + token, "200", ""},
		{"the domain in capitals", "REGISTER", "4711@PBX.acme.example", "bearer " + token, "200", ""},
		{"somebody else's address", "REGISTER", "4712@pbx.acme.example", "Bearer " + token, "403", ""},
		{"no token", "REGISTER", "4711@pbx.acme.example", "", "401", "authz_server="},
		{"another scheme", "REGISTER", "4711@pbx.acme.example", `Digest username="4711"`, "401", "authz_server="},
		{"a parameter in the token", "REGISTER", "4711@pbx.acme.example", "Bearer x&client_id=y", "401", "authz_server="},
		{"a token that is not good", "REGISTER", "4711@pbx.acme.example", "Bearer garbage", "401", `error="invalid_token"`},
		{"a call with a token", "INVITE", "4711@pbx.acme.example", "Bearer " + token, "404", ""}, // nobody is called so
		{"a call without", "INVITE", "4711@pbx.acme.example", "", "401", "authz_server="},
	} {
		status, header := phone.send(c.method, c.aor, c.authorization)
		if status != c.want || !strings.Contains(header.Get("WWW-Authenticate"), c.challenge) {
			t.Errorf("%s: %s %v", c.name, status, header)
		}
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	d.closers = nil
	if status, header := phone.send("REGISTER", "4711@pbx.acme.example", "Bearer "+token); status != "503" || header.Get("Retry-After") == "" {
		t.Errorf("patchbay is down: %s %v", status, header)
	}
}

// A telephone is one connection to a Kamailio.
type telephone struct {
	t    *testing.T
	conn net.Conn
	r    *textproto.Reader
}

func newTelephone(t *testing.T, binary, base, secret string) *telephone {
	t.Helper()
	config, err := os.ReadFile("../../../../docs/switches/kamailio.cfg")
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), freeAddress(t)
	text := regexp.MustCompile(`(?m)^(enable_tls|tls_max|loadmodule "tls|modparam\("tls).*$`).ReplaceAllString(string(config), "")
	for from, to := range map[string]string{
		"tls:0.0.0.0:5061": "tcp:" + address, "/etc/kamailio/": dir + "/", "children=8": "children=1",
	} {
		if !strings.Contains(text, from) {
			t.Fatalf("kamailio.cfg does not say %s", from)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	connection := fmt.Sprintf("[patchbay]\nurl = %s\nusername = sbc\npassword = %s\nauthmethod = 1\ntimeout = 3\n", base, secret)
	for name, content := range map[string]string{"kamailio.cfg": text, "patchbay.cfg": connection} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), binary, "-DD", "-E", "-f", filepath.Join(dir, "kamailio.cfg"), //nolint:gosec // of this test
		"-Y", dir, "-w", dir, "-m", "64", "-M", "8")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it has children to take along
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	return &telephone{t: t, conn: dial(t, address)}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// dial waits for the switch to listen.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			return conn
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// send sends a request and returns the status and the header of its answer.
func (p *telephone) send(method, aor, authorization string) (string, http.Header) {
	p.t.Helper()
	unique := rand.Text()
	lines := []string{
		method + " sip:4799@pbx.acme.example SIP/2.0", "Via: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bK" + unique, "Max-Forwards: 70",
		"From: <sip:" + aor + ">;tag=" + unique, "To: <sip:" + aor + ">", "Call-ID: " + unique, "CSeq: 1 " + method,
		"Contact: <sip:4711@127.0.0.1:5099;transport=tcp>", "Expires: 60",
	}
	if authorization != "" {
		lines = append(lines, "Authorization: "+authorization)
	}
	if _, err := p.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\nContent-Length: 0\r\n\r\n")); err != nil {
		p.t.Fatal(err)
	}
	if p.r == nil {
		p.r = textproto.NewReader(bufio.NewReader(p.conn))
	}
	if err := p.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	status, err := p.r.ReadLine()
	if err != nil {
		p.t.Fatal(err)
	}
	header, err := p.r.ReadMIMEHeader()
	if err != nil {
		p.t.Fatal(err)
	}
	_, code, _ := strings.Cut(status, " ")
	return strings.Fields(code)[0], http.Header(header)
}
