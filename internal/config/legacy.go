package config

import (
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// A Source is a database with users, and how to read it.
type Source struct {
	// Driver is mysql, sqlite, postgres or sqlserver.
	Driver string
	// DSN is in the driver's own form; for sqlite, the path of the file.
	DSN secret.Text
	// Profile describes its schema: "iq". It is empty where ProfileFile does.
	Profile     string
	ProfileFile string
}

// Legacy is the legacy user database.
type Legacy struct {
	Source
	// Rehash is how passwords are hashed anew at a login: bcrypt, argon2id, or empty for not at all.
	Rehash string
	// CensusAt is when password schemes are counted each day, after midnight UTC; nil means never.
	CensusAt *time.Duration
	// Shadow is nil where logins are compared with no other source.
	Shadow *Shadow
}

// A Shadow is another source of users, which logins are compared with.
type Shadow struct {
	Source
	// Compare names what of a user is compared beside the login.
	Compare []string
}

type legacyYAML struct {
	Driver      string      `yaml:"driver"`
	DSN         secret.Text `yaml:"dsn"`
	Profile     string      `yaml:"profile"`
	ProfileFile string      `yaml:"profile_file"`
	Rehash      string      `yaml:"rehash"`
	CensusAt    string      `yaml:"census_at"`
	Shadow      *shadowYAML `yaml:"shadow"`
}

type shadowYAML struct {
	Driver      string      `yaml:"driver"`
	DSN         secret.Text `yaml:"dsn"`
	Profile     string      `yaml:"profile"`
	ProfileFile string      `yaml:"profile_file"`
	Compare     []string    `yaml:"compare"`
}

// everything is what can be compared of two users.
func everything() []string { return []string{"names", "email", "roles", "groups", "softphones"} }

func (p parser) legacy(c *Config, y legacyYAML) {
	c.Legacy = Legacy{
		Source: p.source("legacy", Source{Driver: y.Driver, DSN: y.DSN, Profile: y.Profile, ProfileFile: y.ProfileFile}),
		Rehash: y.Rehash,
	}
	if y.Rehash != "" && y.Rehash != "bcrypt" && y.Rehash != "argon2id" {
		p.Fault("legacy.rehash", "%q is neither bcrypt nor argon2id", y.Rehash)
	}
	if y.CensusAt != "" {
		at, err := time.Parse("15:04", y.CensusAt)
		if err != nil {
			p.Fault("legacy.census_at", "%q is not a time of day (UTC) such as \"03:30\"", y.CensusAt)
		}
		after := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
		c.Legacy.CensusAt = &after
	}
	if y.Shadow != nil {
		c.Legacy.Shadow = p.shadow(*y.Shadow)
		if c.Legacy.Shadow.Source == c.Legacy.Source {
			p.Fault("legacy.shadow", "is the legacy database itself: there would be nothing to compare")
		}
	}
}

func (p parser) shadow(y shadowYAML) *Shadow {
	s := &Shadow{
		Source:  p.source("legacy.shadow", Source{Driver: y.Driver, DSN: y.DSN, Profile: y.Profile, ProfileFile: y.ProfileFile}),
		Compare: y.Compare,
	}
	if y.Compare == nil {
		s.Compare = everything()
	}
	for _, name := range s.Compare {
		if !slices.Contains(everything(), name) {
			p.Fault("legacy.shadow.compare", "%q is none of %s", name, strings.Join(everything(), ", "))
		}
	}
	return s
}

// source fills in the defaults of the source under a key.
func (p parser) source(key string, s Source) Source {
	s.ProfileFile = p.path(s.ProfileFile)
	if s.Driver == "" {
		s.Driver = "mysql"
	}
	if !slices.Contains([]string{"mysql", "sqlite", "postgres", "sqlserver"}, s.Driver) {
		p.Fault(key+".driver", "%q is none of mysql, sqlite, postgres and sqlserver", s.Driver)
	}
	switch dsn := s.DSN.Reveal(); {
	case p.missing(key+".dsn", s.DSN.Empty(), "where the user database is"):
	case strings.HasPrefix(dsn, "sqlite:"), strings.HasPrefix(dsn, "mysql:"): // as in state.dsn
		p.Fault(key+".dsn", "begins with the name of a driver: that is for %s.driver to say, leave it out here", key)
	case s.Driver == "sqlite":
		s.DSN = secret.New(p.sqlite(dsn))
	}
	switch {
	case s.ProfileFile != "" && s.Profile != "":
		p.Fault(key+".profile_file", "give either a profile or the file of one, not both")
	case s.ProfileFile == "" && s.Profile == "":
		s.Profile = "iq"
	case s.ProfileFile == "" && s.Profile != "iq":
		p.Fault(key+".profile", "%q is not a built-in profile; there is iq, and others come from a profile_file", s.Profile)
	}
	return s
}
