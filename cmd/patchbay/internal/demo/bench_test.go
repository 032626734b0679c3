package demo

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkIntrospectionBesideHello measures what fraction of a bare net/http hello's rate the
// switch's introspection reaches: both over loopback TCP with the same clients, in turns, so that a
// noisy machine is noisy to both. It reports medians.
//
//	go test -run '^$' -bench IntrospectionBesideHello -benchtime 1x ./cmd/patchbay/internal/demo
func BenchmarkIntrospectionBesideHello(b *testing.B) {
	d := &demo{dir: b.TempDir(), log: discard}
	defer func() { _ = d.close() }()
	if err := d.start(b.Context(), Options{Listen: "127.0.0.1:0"}); err != nil {
		b.Fatal(err)
	}
	tr := &tourist{facts: d.facts}
	if err := tr.prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	if _, err := tr.passwordLogin(b.Context()); err != nil {
		b.Fatal(err)
	}
	hello := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello")
	}))
	defer hello.Close()

	const rounds, window = 5, time.Second
	for b.Loop() {
		var helloRates, rates, ratios []float64
		for range rounds {
			h := rate(b, window, func(c *http.Client) error { return get(c, hello.URL) })
			i := rate(b, window, func(c *http.Client) error { return introspectOnce(c, tr) })
			helloRates, rates, ratios = append(helloRates, h), append(rates, i), append(ratios, i/h)
		}
		b.ReportMetric(median(helloRates), "hello/s")
		b.ReportMetric(median(rates), "introspections/s")
		b.ReportMetric(median(ratios), "ratio")
	}
}

// rate returns how many times a second do succeeds with 16 clients.
func rate(b *testing.B, window time.Duration, do func(*http.Client) error) float64 {
	b.Helper()
	var done atomic.Int64
	var wg sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	end := time.Now().Add(window)
	for range 16 {
		wg.Go(func() {
			for time.Now().Before(end) {
				if err := do(client); err != nil {
					b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / window.Seconds()
}

func get(c *http.Client, address string) error {
	response, err := c.Get(address) //nolint:noctx,bodyclose // bounded by the window; joinClose closes
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return joinClose(err, response.Body)
}

func introspectOnce(c *http.Client, tr *tourist) error {
	request, err := http.NewRequest(http.MethodPost, tr.sbc.metadata.IntrospectionEndpoint, strings.NewReader("token="+tr.last.AccessToken)) //nolint:noctx // bounded by the window
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("sbc", sbcSecret)
	response, err := c.Do(request) //nolint:bodyclose // joinClose does
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	if err == nil && !strings.Contains(string(body), `"active":true`) {
		err = io.ErrUnexpectedEOF
	}
	return joinClose(err, response.Body)
}

func joinClose(err error, c io.Closer) error {
	if closeErr := c.Close(); err == nil {
		return closeErr
	}
	return err
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
