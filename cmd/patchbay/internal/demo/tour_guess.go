package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// guess tries more passwords at once than may fail, on an account that does not exist: one that does
// would look the same, and be out of reach for strangers in the rest of the demo.
func (t *tourist) guess(ctx context.Context) (string, error) {
	const parallel = 12
	stranger, err := newBrowser(nil)
	if err != nil {
		return "", err
	}
	login, err := stranger.open(ctx, t.app.begin().url)
	if err != nil {
		return "", err
	}
	var mu sync.Mutex
	var errs []error
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for n := range parallel {
		wg.Go(func() {
			p, err := stranger.submit(ctx, login, "", map[string]string{"username": "stranger", "password": fmt.Sprint("guess ", n)})
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
			statuses[p.status]++
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	wrong, refused := statuses[http.StatusUnauthorized], statuses[http.StatusTooManyRequests]
	if wrong != 10 || refused != parallel-10 {
		return "", fmt.Errorf("%d guesses at once were answered %v by status, want 10 of 401 and the rest 429", parallel, statuses)
	}
	return fmt.Sprintf("%d passwords looked at, %d not: wait ten minutes", wrong, refused), nil
}
