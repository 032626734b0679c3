package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	// callBudget bounds a call to the issuer.
	callBudget = 5 * time.Second
	// maxAnswer bounds what an issuer may answer, in bytes.
	maxAnswer = 1 << 20
)

// metadata is what of an issuer's provider metadata is needed (OpenID Connect Discovery §3).
type metadata struct {
	Issuer                string `json:"issuer"`
	JWKSURI               string `json:"jwks_uri"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
}

func fetchMetadata(ctx context.Context, client *http.Client, issuer string) (metadata, error) {
	var m metadata
	if err := getJSON(ctx, client, issuer+"/.well-known/openid-configuration", &m); err != nil {
		return metadata{}, fmt.Errorf("metadata of %s: %w", issuer, err)
	}
	if m.Issuer != issuer { // OpenID Connect Discovery §4.3
		return metadata{}, fmt.Errorf("metadata of %s: it is of %q", issuer, m.Issuer)
	}
	return m, nil
}

func getJSON(ctx context.Context, client *http.Client, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callBudget)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	return exchange(client, r, into)
}

func exchange(client *http.Client, r *http.Request, into any) (err error) {
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", r.URL.Redacted(), response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return err
	case len(body) > maxAnswer:
		return fmt.Errorf("%s answered more than %d bytes", r.URL.Redacted(), maxAnswer)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s did not answer the JSON that was expected: %w", r.URL.Redacted(), err)
	}
	return nil
}

// checkAddress accepts https, and http on loopback: keys that travel in the clear prove nothing.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("is not an address with a host and without query, fragment and user")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("must be https: http is for loopback")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
