package keyfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// payload is the JSON inside the seal.
type payload struct {
	Version int          `json:"version"`
	Keys    []payloadKey `json:"keys"`
}

type payloadKey struct {
	ID        KeyID     `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	Key       []byte    `json:"key"`
}

func (k *Keys) encode() ([]byte, error) {
	p := payload{Version: version}
	for _, key := range k.keys {
		p.Keys = append(p.Keys, payloadKey{ID: key.id, CreatedAt: key.createdAt, Key: key.secret})
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode data keys: %w", err)
	}
	return append(text, '\n'), nil
}

// decode reads the keys in the file's order: the last one seals, whatever the clocks of those who
// added them said.
func decode(text []byte) (*Keys, error) {
	var p payload
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("decode data keys: %w", err)
	}
	if p.Version != version {
		return nil, fmt.Errorf("its version is %d, want %d", p.Version, version)
	}
	list := make([]dataKey, len(p.Keys))
	for i, key := range p.Keys {
		list[i] = dataKey{id: key.ID, createdAt: key.CreatedAt, secret: key.Key}
	}
	return newKeys(list)
}
