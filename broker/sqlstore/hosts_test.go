package sqlstore_test

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
)

// A proxy stands between a store and MariaDB, and can cut their line.
type proxy struct {
	listener net.Listener
	backend  string
	// lose is a text whose next reply is to be lost, once: the server has done it, and the connection
	// breaks before the client learns that. Empty means none.
	lose atomic.Value

	mu    sync.Mutex
	conns []net.Conn
}

func newProxy(t *testing.T, backend string) *proxy {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, backend: backend}
	go p.serve()
	t.Cleanup(p.stop)
	return p
}

func (p *proxy) stop() {
	_ = p.listener.Close() // twice, when a test has stopped it
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).Dial("unix", p.backend)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		var cut atomic.Bool
		go p.pipe(server, client, func(b []byte) bool {
			text, _ := p.lose.Load().(string)
			if text != "" && bytes.Contains(b, []byte(text)) && p.lose.CompareAndSwap(text, "") {
				cut.Store(true)
			}
			return true
		})
		go p.pipe(client, server, func([]byte) bool { return !cut.Load() })
	}
}

// pipe copies from src to dst, and closes both when pass refuses or one ends.
func (p *proxy) pipe(dst, src net.Conn, pass func([]byte) bool) {
	defer func() { _, _ = dst.Close(), src.Close() }()
	b := make([]byte, 64<<10)
	for {
		n, err := src.Read(b)
		if n > 0 {
			if !pass(b[:n]) {
				return
			}
			if _, err := dst.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// through returns the DSN of a MariaDB behind proxies.
func through(t *testing.T, n int) (string, []*proxy) {
	t.Helper()
	config, err := mysql.ParseDSN(mariadbtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	var proxies []*proxy
	var addresses []string
	for range n {
		p := newProxy(t, config.Addr)
		proxies, addresses = append(proxies, p), append(addresses, p.listener.Addr().String())
	}
	return "mysql:root@tcp(" + strings.Join(addresses, ",") + ")/" + config.DBName, proxies
}

func TestNextHostTakesOver(t *testing.T) {
	dsn, proxies := through(t, 2)
	s := migrated(t, dsn)
	event := func() []broker.Event { return []broker.Event{{ID: id.New(), At: time.Now(), Kind: broker.Revoked}} }
	if err := s.AppendEvents(t.Context(), event()); err != nil {
		t.Fatal(err)
	}
	if proxies[1].used() {
		t.Error("the second host was used while the first was up")
	}
	proxies[0].stop()
	if err := s.AppendEvents(t.Context(), event()); err != nil {
		t.Errorf("with one of two hosts down: %v", err)
	}
	proxies[1].stop()
	start := time.Now()
	if err := s.AppendEvents(t.Context(), event()); err == nil {
		t.Error("with all hosts down: no error")
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v to learn that all hosts are down", took)
	}
}

func (p *proxy) used() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns) > 0
}
