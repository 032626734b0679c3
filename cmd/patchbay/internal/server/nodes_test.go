package server

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/federation/saml"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// nodes are processes with one state database and one key file, and a SAML connection.
type nodes struct {
	t     *testing.T
	now   time.Time
	state sqlstore.Config
	keys  *keyfile.Keys
}

func newNodes(t *testing.T, metadataURL string) *nodes {
	t.Helper()
	n := &nodes{t: t, now: time.Now(), state: sqlstore.Config{DSN: secret.New("sqlite:" + filepath.Join(t.TempDir(), "state.db"))}}
	var err error
	if n.keys, err = keyfile.Generate(n.now); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), n.state)
	if err == nil {
		err = errors.Join(store.Migrate(t.Context()), store.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := registry.ParseTenantFile("acme.yaml", []byte(`
account: acme
name: Acme Support
legacy_tenant: 10010
connections:
  - { id: adfs, name: Acme AD FS, type: saml, metadata_url: "`+metadataURL+`", allow_private_network: true }
`), nil)
	if err == nil {
		_, err = n.open().Apply(t.Context(), file, ApplyOptions{By: "test", At: n.now})
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *nodes) open() *State {
	n.t.Helper()
	s, err := OpenState(n.t.Context(), StateConfig{Config: n.state, Keys: n.keys, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = s.Close() })
	return s
}

// connection is the connection as a node opens it that was started just now.
func (n *nodes) connection() *saml.SAML {
	n.t.Helper()
	s := n.open()
	c, ok := s.Registry.Snapshot().Connection("acme", "adfs")
	if !ok {
		n.t.Fatal("no connection")
	}
	opened, err := s.saml(c, "http://127.0.0.1:9", func() time.Time { return n.now })
	if err != nil {
		n.t.Fatal(err)
	}
	return opened
}

// TestNodesOfOneDatabaseAreOneServiceProvider: a login may begin at one node and end at another, and no node
// believes what another has believed, however often they are started anew.
func TestNodesOfOneDatabaseAreOneServiceProvider(t *testing.T) {
	ana := idptest.User{Subject: "ana", Login: "ana", Password: "correct horse"}
	idp, err := idptest.StartSAML(idptest.SAMLConfig{Users: []idptest.User{ana}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	n := newNodes(t, idp.MetadataURL())
	first, second := n.connection(), n.connection()
	ours := func(s *saml.SAML) []byte {
		t.Helper()
		document, err := s.ServiceMetadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return document
	}
	if err := idp.AddService(ours(first)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours(first), ours(second)) {
		t.Error("two nodes have two certificates")
	}

	started, err := first.Start(t.Context(), federation.StartRequest{State: "s", MaxAge: -1})
	if err != nil {
		t.Fatal(err)
	}
	back, err := idptest.LoginSAML(t.Context(), nil, started.URL, started.Form, ana.Login, ana.Password)
	if err != nil {
		t.Fatal(err)
	}
	response := federation.Response{Memo: started.Memo, Params: back.Fields}
	if who, err := second.Finish(t.Context(), response); err != nil || who.Subject != ana.Subject {
		t.Fatalf("begun at one node, ended at another: %q, %v", who.Subject, err)
	}
	for name, node := range map[string]*saml.SAML{"the node where it began": first, "the same node": second, "a node that was started after that": n.connection()} {
		if _, err := node.Finish(t.Context(), response); !errors.Is(err, saml.ErrReplayed) {
			t.Errorf("replayed at %s: %v", name, err)
		}
	}

	idp.Down(true)
	if _, err := n.connection().Start(t.Context(), federation.StartRequest{MaxAge: -1}); err != nil {
		t.Errorf("a node that is started while the identity provider is down: %v", err)
	}
	next := Announcement{Generation: 2, At: n.now, UseFrom: n.now.Add(time.Hour)}
	if err := n.open().AnnounceKey(t.Context(), registry.ConnectionKey{Account: "acme", ID: "adfs"}, next); err != nil {
		t.Fatal(err)
	}
	before := ours(second)
	n.now = n.now.Add(keysFor)
	if announced := ours(first); bytes.Equal(announced, before) || !bytes.Equal(announced, ours(second)) {
		t.Error("a key that was announced is not in every node's metadata after a minute")
	}
}
