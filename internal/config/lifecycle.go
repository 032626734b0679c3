package config

import "time"

// Drain says how a process ends.
type Drain struct {
	// Delay is how long requests are still taken after readiness is off, so that whoever distributes
	// them can notice.
	Delay time.Duration
	// Timeout is how long requests in flight may take after that.
	Timeout time.Duration
}

// Retention says how long history is kept. Zero keeps it for good.
type Retention struct {
	// Logins are the recorded logins, by which support explains them.
	Logins time.Duration
	// Events are the audit log.
	Events time.Duration
}

type drainYAML struct {
	Delay   *time.Duration `yaml:"delay"`
	Timeout *time.Duration `yaml:"timeout"`
}

type retentionYAML struct {
	Logins *time.Duration `yaml:"logins"`
	Events *time.Duration `yaml:"events"`
}

// Bounds and defaults of the above.
const (
	defaultDrainDelay   = 5 * time.Second
	defaultDrainTimeout = 20 * time.Second
	maxDrainDelay       = 2 * time.Minute
	maxDrainTimeout     = 10 * time.Minute
	day                 = 24 * time.Hour
	defaultRetention    = 400 * day
	minRetention        = day
)

// drain fills in how a process ends. A loopback address without a proxy has nobody in front who could
// notice anything: nobody waits for that.
func (p parser) drain(c *Config, y drainYAML) {
	c.Drain = Drain{Delay: defaultDrainDelay, Timeout: defaultDrainTimeout}
	if loopbackListen(c.Listen) && len(c.TrustedProxies) == 0 {
		c.Drain.Delay = 0
	}
	p.within("drain.delay", &c.Drain.Delay, y.Delay, 0, maxDrainDelay)
	p.within("drain.timeout", &c.Drain.Timeout, y.Timeout, time.Second, maxDrainTimeout)
}

func (p parser) retention(c *Config, y retentionYAML) {
	c.Retention = Retention{Logins: defaultRetention, Events: defaultRetention}
	for key, kept := range map[string]struct{ into, given *time.Duration }{
		"retention.logins": {&c.Retention.Logins, y.Logins},
		"retention.events": {&c.Retention.Events, y.Events},
	} {
		if kept.given == nil {
			continue
		}
		if *kept.into = *kept.given; *kept.into != 0 && *kept.into < minRetention {
			p.Fault(key, "%s is less than 24h: 0s keeps them for good", *kept.into)
		}
	}
}

// within sets a duration that was given, which must lie between the two.
func (p parser) within(key string, into, given *time.Duration, from, to time.Duration) {
	if given == nil {
		return
	}
	if *into = *given; *into < from || *into > to {
		p.Fault(key, "%s is not between %s and %s", *into, from, to)
	}
}
