package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A period is a flag for how far to look back: 30d, or what time.ParseDuration reads.
type period time.Duration

func (p *period) String() string {
	d := time.Duration(*p)
	if days := d / (24 * time.Hour); days > 0 && d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(days)) + "d"
	}
	return d.String()
}

// Type implements pflag.Value.
func (p *period) Type() string { return "period" }

// Set implements pflag.Value.
func (p *period) Set(text string) error {
	d, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > maxPeriod {
		return fmt.Errorf("%q is not a period such as 30d or 12h, of at most %d days", text, maxPeriod/(24*time.Hour))
	}
	*p = period(d)
	return nil
}

// maxPeriod is longer than anybody keeps logins.
const maxPeriod = 10 * 365 * 24 * time.Hour

// ago is the beginning of the period.
func (p *period) ago(now time.Time) time.Time { return now.Add(-time.Duration(*p)) }
