package mapping

import (
	"errors"
	"fmt"
	"time"
)

// A UserID is a person's primary key in the legacy database, as text. Never reused, never guessed.
type UserID string

// A TenantKey is a tenant's primary key in the legacy database, as text.
type TenantKey string

// A User is one row of the legacy directory.
type User struct {
	ID       UserID
	Tenant   TenantKey
	Username string
	// Active is false for a user the legacy system has switched off.
	Active        bool
	Email         string
	EmailVerified bool
	GivenName     string
	FamilyName    string
	DisplayName   string
	// Locale is a BCP 47 tag, or empty.
	Locale string
	// Type is the legacy kind of user, such as person, api, wallboard or chatbot.
	Type  string
	Group string
	// FederatedOnly marks a user who may not log in with a local password.
	FederatedOnly bool
	// PasswordChangedAt is zero where the legacy schema does not say.
	PasswordChangedAt time.Time
	// UpdatedAt is when the row was last changed; zero where the legacy schema does not say.
	UpdatedAt time.Time
}

// Name returns the name to show: the display name, else given and family name, else the username.
func (u User) Name() string {
	switch {
	case u.DisplayName != "":
		return u.DisplayName
	case u.GivenName != "" && u.FamilyName != "":
		return u.GivenName + " " + u.FamilyName
	case u.GivenName != "" || u.FamilyName != "":
		return u.GivenName + u.FamilyName
	}
	return u.Username
}

// Parts names what of a user's details to read; each part costs the legacy database one statement.
type Parts uint8

// The parts of Details.
const (
	Roles         Parts = 1 << iota // Roles and Permissions
	Groups                          // Groups
	Softphones                      // Softphones
	Configuration                   // Configuration
)

// Details is what the legacy database knows about a user beside the row itself.
type Details struct {
	Roles         []string
	Permissions   []string
	Groups        []string
	Softphones    []Softphone
	Configuration map[string]string
}

// A Softphone is one telephone address as the legacy database spells it.
type Softphone struct {
	Address string
	Default bool
}

// Errors of a directory. Any other error means that the directory could not answer, and says
// nothing about the user.
var (
	// ErrNoUser means that no row matches.
	ErrNoUser = errors.New("no such user")
	// ErrAmbiguous means that more than one row matches what must be unique.
	ErrAmbiguous = errors.New("more than one user matches")
	// ErrWrongPassword means that the user exists and the password is not theirs, or that the
	// user has no password that can be verified.
	ErrWrongPassword = errors.New("wrong password")
	// ErrUnverifiable is the ErrWrongPassword of a user who has no password that can be verified.
	ErrUnverifiable = fmt.Errorf("%w", ErrWrongPassword)
	// ErrBusy means that the directory refuses work for now; the caller should answer 503.
	ErrBusy = errors.New("too many password verifications in progress")
	// ErrUnreadable is wrapped where a row matches and is not as a user's must be, such as one with a NULL.
	// It, too, says nothing about who they are.
	ErrUnreadable = errors.New("row is not that of a user")
	// ErrLinkExists means that the user already has another external id on that connection.
	ErrLinkExists = errors.New("user is already linked on this connection")
	// ErrLoginTaken means that a user cannot be created because somebody has the login.
	ErrLoginTaken = errors.New("somebody has the login")
)
