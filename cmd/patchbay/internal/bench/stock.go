package bench

import (
	"context"
	"sync"
)

// A stock is requests that are good once each, made before a window and used up in it.
type stock struct {
	mu   sync.Mutex
	left [][]byte
}

func (s *stock) fill(requests [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = requests
}

// take returns the next request, or errEnough.
func (s *stock) take() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) == 0 {
		return nil, errEnough
	}
	next := s.left[len(s.left)-1]
	s.left = s.left[:len(s.left)-1]
	return next, nil
}

// codes are the redemptions of authorization codes of somebody with a session, who needs no page to
// get one.
type codes struct {
	stock
	agent *agent
	each  int // how many are fetched before each window; they live for a minute
}

func (r *rig) newCodes(ctx context.Context, each int) (*codes, error) {
	a, err := r.newAgent()
	if err != nil {
		return nil, err
	}
	_, err = a.login(ctx, person("sha1-salted"))
	return &codes{agent: a, each: each}, err
}

func (c *codes) prepare(ctx context.Context) error {
	var requests [][]byte
	for range c.each {
		back, err := c.agent.authorize(ctx)
		if err != nil {
			return err
		}
		code, err := codeOf(back)
		if err != nil {
			return err
		}
		requests = append(requests, c.agent.rig.redemption(code))
	}
	c.fill(requests)
	return nil
}
