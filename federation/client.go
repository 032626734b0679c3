package federation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/patchbay-auth/patchbay/internal/egress"
)

// maxBody bounds every answer of an OpenID Connect IdP, in bytes after decompression.
const maxBody = 1 << 20

// NewClient returns a client that reaches only where an IdP may be, waits for each answer no longer than
// timeout, and reads no more of it than limit, in bytes after decompression. What is longer is an error.
func NewClient(timeout time.Duration, allowPrivate bool, limit int) *http.Client {
	return &http.Client{
		Transport:     bounded{egress.Transport(timeout, allowPrivate), limit},
		CheckRedirect: checkRedirect,
		Timeout:       timeout,
	}
}

// bounded bounds each answer.
type bounded struct {
	next  http.RoundTripper
	limit int
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, limit: b.limit, left: b.limit}
	return resp, nil
}

// A boundedBody fails, rather than ends, where it has become too large: half an answer is none.
type boundedBody struct {
	io.ReadCloser
	limit, left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("answer is larger than %d bytes", b.limit)
	}
	return n, err
}

// checkRedirect lets an IdP tidy up an address of its own, and nothing else: a request with
// credentials in its body is never repeated elsewhere.
func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) > 3:
		return errors.New("more than three redirects")
	case first.Method != http.MethodGet:
		return fmt.Errorf("redirect of a %s request", first.Method)
	case r.URL.Scheme != first.URL.Scheme || r.URL.Host != first.URL.Host:
		return fmt.Errorf("redirect from host %q to %q", first.URL.Host, r.URL.Host)
	}
	return nil
}

// A statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("answered status %d", int(e)) }

// temporary reports whether the status says more about the IdP than about the request.
func (e statusError) temporary() bool {
	return e >= 500 || e == http.StatusTooManyRequests || e == http.StatusRequestTimeout
}

// getObject fetches a JSON object. The bearer token may be empty.
func getObject(ctx context.Context, client *http.Client, address, bearer string) (object, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %w", address, statusError(resp.StatusCode))
	}
	// Signed userinfo is application/jwt; key sets are application/jwk-set+json.
	if media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil && media == "application/jwt" {
		return nil, fmt.Errorf("%s: answered %s, not JSON", address, media)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	o, err := parseObject(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return o, nil
}
