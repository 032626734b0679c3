// Command probe asks an address for a 2xx answer: the health check of an image that has neither a
// shell nor curl.
//
//	probe http://127.0.0.1:8080/readyz
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// patience is shorter than the time that an orchestrator usually gives its probes, 3 s.
const patience = 2500 * time.Millisecond

func main() {
	if err := probe(os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func probe(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: probe URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil) //nolint:gosec // the operator names the address
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request) //nolint:gosec // as above
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", args[0], response.Status)
	}
	return nil
}
