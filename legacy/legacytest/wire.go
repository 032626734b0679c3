package legacytest

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
)

// A Wire is the network between a database and its reader. A test makes it hang or breaks it.
type Wire struct {
	network, address string // of the server

	mu      sync.Mutex
	mend    *sync.Cond
	hangs   bool
	refuses bool
	cutIn   int // bytes from the server after which connections are reset; negative for never
	conns   map[net.Conn]struct{}
	peak    int
}

// Wired returns c with a wire between it and its server, MySQL's or PostgreSQL's.
func Wired(t testing.TB, c legacy.Config) (legacy.Config, *Wire) {
	t.Helper()
	w := &Wire{cutIn: -1, conns: map[net.Conn]struct{}{}, network: "unix"}
	w.mend = sync.NewCond(&w.mu)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := listener.Addr().(*net.TCPAddr)
	switch dsn := c.DSN.Reveal(); c.Engine {
	case legacy.MySQL:
		config, err := mysql.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		w.address = config.Addr
		config.Net, config.Addr = "tcp", at.String()
		c.DSN = secret.New(config.FormatDSN())
	case legacy.Postgres:
		host, rest, _ := strings.Cut(strings.TrimPrefix(dsn, "host="), " ")
		w.address = host + "/.s.PGSQL.5432"
		c.DSN = secret.New(fmt.Sprintf("host=127.0.0.1 port=%d %s", at.Port, rest))
	case legacy.SQLite, legacy.SQLServer:
		t.Fatalf("no wire leads to %s", c.Engine)
	}
	go w.serve(listener)
	t.Cleanup(func() {
		_ = listener.Close() // nobody is left to answer
		w.Mend()
		w.mu.Lock()
		defer w.mu.Unlock()
		for conn := range w.conns {
			_ = conn.Close() // likewise
		}
	})
	return c, w
}

// Hang keeps whatever the server says from now on.
func (w *Wire) Hang() { w.set(func() { w.hangs = true }) }

// Cut resets every connection that speaks after n more bytes from the server.
func (w *Wire) Cut(n int) { w.set(func() { w.cutIn = n }) }

// Refuse resets new connections and those that are there.
func (w *Wire) Refuse() {
	w.set(func() {
		w.refuses = true
		for conn := range w.conns {
			reset(conn)
		}
	})
}

// Mend lets everything pass; what was kept arrives late.
func (w *Wire) Mend() { w.set(func() { w.hangs, w.refuses, w.cutIn = false, false, -1 }) }

// Peak returns how many connections there were at a time, at most, since it was asked before.
func (w *Wire) Peak() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	peak := w.peak
	w.peak = len(w.conns)
	return peak
}

func (w *Wire) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	w.mend.Broadcast()
}

func (w *Wire) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		refuses := w.refuses
		if !refuses {
			w.conns[client] = struct{}{}
			w.peak = max(w.peak, len(w.conns))
		}
		w.mu.Unlock()
		if refuses {
			reset(client)
			continue
		}
		go w.carry(client)
	}
}

func (w *Wire) carry(client net.Conn) {
	defer func() {
		w.mu.Lock()
		delete(w.conns, client)
		w.mu.Unlock()
		_ = client.Close() // perhaps a second time
	}()
	server, err := net.Dial(w.network, w.address) //nolint:noctx // the server of a test
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, client) // ends when either does
		_ = server.Close()
		reset(client)
	}()
	buffer := make([]byte, 4096)
	for {
		n, err := server.Read(buffer)
		if n > 0 && !w.pass(client, buffer[:n]) || err != nil {
			_ = server.Close() // both have ended
			return
		}
	}
}

// pass hands on what the server said, when it may, and reports whether the connection goes on.
func (w *Wire) pass(client net.Conn, text []byte) bool {
	w.mu.Lock()
	for w.hangs {
		w.mend.Wait()
	}
	cut := w.cutIn >= 0 && len(text) > w.cutIn
	if cut {
		text = text[:w.cutIn]
	}
	if w.cutIn >= 0 {
		w.cutIn -= len(text)
	}
	w.mu.Unlock()
	_, err := client.Write(text)
	if cut {
		reset(client)
	}
	return err == nil && !cut
}

// reset ends a connection without a goodbye.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // which only changes how it ends
	}
	_ = conn.Close()
}
