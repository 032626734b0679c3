package shadow

import (
	"cmp"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/mapping"
)

// An Aspect is what of a user is compared beside the login.
type Aspect string

// The aspects.
const (
	Names      Aspect = "names"
	Email      Aspect = "email"
	Roles      Aspect = "roles"
	Groups     Aspect = "groups"
	Softphones Aspect = "softphones"
)

// standing is whom a source has found.
type standing int

const (
	nobody standing = iota
	one
	several
	unreadable
)

// An answer is what a source says to a question.
type answer struct {
	standing standing
	user     mapping.User
	scheme   string
	// accepted and verifiable are about the password, where one was asked about.
	accepted, verifiable bool
	details              mapping.Details
}

// A verdict is what two answers say about each other.
type verdict struct {
	// user is empty where neither knows anybody, or nobody could say who.
	user                 mapping.UserID
	proven               bool
	differences, settled []Difference
}

func (v *verdict) judge(differs bool, d Difference) {
	if differs {
		v.differences = append(v.differences, d)
		return
	}
	v.settled = append(v.settled, d)
}

// compare judges two answers to a question; by says how somebody was looked for. Details are compared only
// if both were read.
func compare(by string, here, there answer, aspects []Aspect, detailed bool) verdict {
	finding := func(code Code) Difference { return Difference{Code: code, By: by} }
	var v verdict
	switch {
	case here.standing == nobody && there.standing == one:
		v.user = there.user.ID
		v.judge(true, finding(UserExtra))
		if there.accepted {
			v.judge(true, Difference{Code: PasswordAdmitted})
		}
		return v
	case here.standing != one: // nobody gets in here by this, and if at all, somebody who is nobody here
		return v
	}
	v.user = here.user.ID
	v.judge(false, finding(UserExtra))
	v.judge(there.standing == nobody, finding(UserMissing))
	v.judge(there.standing == several, finding(UserAmbiguous))
	v.judge(there.standing == unreadable, finding(UserUnreadable))
	if there.standing != one {
		return v
	}
	v.judge(here.user.ID != there.user.ID, finding(UserIDDiffers))
	v.judge(here.user.Active && !there.user.Active, Difference{Code: InactiveThere})
	v.judge(!here.user.Active && there.user.Active, Difference{Code: ActiveThere})
	v.judge(here.user.FederatedOnly != there.user.FederatedOnly, Difference{Code: FederatedOnlyDiffers})
	v.judge(here.user.Username != there.user.Username, Difference{Code: UsernameDiffers})
	v.password(here, there)
	if detailed {
		for _, aspect := range aspects {
			differs, code := aspect.compare(here, there)
			v.judge(differs, Difference{Code: code})
		}
	}
	return v
}

// password judges what only a password tells. Two refusals say nothing.
func (v *verdict) password(here, there answer) {
	if here.scheme != "" && there.scheme != "" && here.verifiable && there.verifiable {
		v.judge(here.scheme != there.scheme, Difference{Code: SchemeDiffers})
	}
	switch {
	case here.accepted:
		v.proven = there.accepted
		v.judge(!there.accepted && there.verifiable, Difference{Code: PasswordRefused})
		v.judge(!there.accepted && !there.verifiable, Difference{Code: PasswordUnverifiable})
		if there.accepted { // then no other password is right there
			v.judge(false, Difference{Code: PasswordAdmitted})
		}
	case there.accepted:
		v.judge(true, Difference{Code: PasswordAdmitted})
	}
}

func (a Aspect) compare(here, there answer) (bool, Code) {
	u, w := here.user, there.user
	switch a {
	case Names:
		return u.GivenName != w.GivenName || u.FamilyName != w.FamilyName || u.DisplayName != w.DisplayName, NamesDiffer
	case Email:
		return u.Email != w.Email || u.EmailVerified != w.EmailVerified, EmailDiffers
	case Roles:
		return !sameSet(here.details.Roles, there.details.Roles) || !sameSet(here.details.Permissions, there.details.Permissions), RolesDiffer
	case Groups:
		return u.Group != w.Group || u.Type != w.Type || !sameSet(here.details.Groups, there.details.Groups), GroupsDiffer
	case Softphones:
		return !slices.Equal(phones(here.details.Softphones), phones(there.details.Softphones)), SoftphonesDiffer
	}
	return false, ""
}

func sameSet(a, b []string) bool {
	sorted := func(list []string) []string {
		list = slices.Clone(list)
		slices.Sort(list)
		return slices.Compact(list)
	}
	return slices.Equal(sorted(a), sorted(b))
}

// phones are the addresses as a switch would choose among them: a default is one among several.
func phones(list []mapping.Softphone) []mapping.Softphone {
	list = slices.Clone(list)
	for i := range list {
		list[i].Address = strings.TrimSpace(list[i].Address)
		list[i].Default = list[i].Default && len(list) > 1
	}
	slices.SortFunc(list, func(a, b mapping.Softphone) int { return cmp.Compare(a.Address, b.Address) })
	return list
}

// parts are the details that the aspects need.
func parts(aspects []Aspect) mapping.Parts {
	var p mapping.Parts
	for _, a := range aspects {
		switch a {
		case Roles:
			p |= mapping.Roles
		case Groups:
			p |= mapping.Groups
		case Softphones:
			p |= mapping.Softphones
		case Names, Email: // are in the row
		}
	}
	return p
}
