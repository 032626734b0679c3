package registry

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Export returns a tenant as a file that ParseTenantFile accepts and Plan finds no difference in.
// Client secrets come out as hashes and upstream secrets sealed: the file is of use only with the
// same key file, and still worth protecting.
func (s *Snapshot) Export(account Account) ([]byte, error) {
	t, ok := s.Tenant(account)
	if !ok {
		return nil, fmt.Errorf("there is no tenant %q", account)
	}
	file := outlineTenant(t)
	var connections []yaml.MapSlice
	for _, c := range s.Connections(account) {
		o := outlineConnection(c)
		if c.OIDC != nil && len(c.OIDC.SealedSecret) > 0 {
			o.add("client_secret_sealed", base64.StdEncoding.EncodeToString(c.OIDC.SealedSecret))
		}
		connections = append(connections, yaml.MapSlice(o))
	}
	s.exportClients(&file, account)
	if len(connections) > 0 {
		file.add("connections", connections)
	}
	return file.marshal()
}

// ExportPlatform does the same for the clients of the platform.
func (s *Snapshot) ExportPlatform() ([]byte, error) {
	var file outline
	file.flag("platform", true)
	s.exportClients(&file, "")
	return file.marshal()
}

func (s *Snapshot) exportClients(file *outline, account Account) {
	var clients []yaml.MapSlice
	for _, c := range s.Clients(account) {
		o := outlineClient(c)
		if len(c.Secrets) > 0 {
			o.add("secrets", exportSecrets(c.Secrets))
		}
		clients = append(clients, yaml.MapSlice(o))
	}
	if len(clients) > 0 {
		file.add("clients", clients)
	}
}

func (o outline) marshal() ([]byte, error) {
	data, err := yaml.MarshalWithOptions(yaml.MapSlice(o), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return data, nil
}

func exportSecrets(secrets []ClientSecret) []yaml.MapSlice {
	var list []yaml.MapSlice
	for _, s := range secrets {
		var o outline
		o.text("description", s.Description)
		if len(s.SHA256) > 0 {
			o.text("sha256", hex.EncodeToString(s.SHA256))
		}
		o.text("argon2id", s.Argon2id)
		if len(s.PublicKey) > 0 {
			o.add("private_key_jwt", yaml.MapSlice{{Key: "jwk", Value: object(s.PublicKey)}})
		}
		o.until("expires", s.Expires)
		list = append(list, yaml.MapSlice(o))
	}
	return list
}
