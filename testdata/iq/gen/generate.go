package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// A tenant is one customer, and the range of its users' keys.
type tenant struct {
	id, number, name, mail, sip string
	first, last                 int // UserID
	group                       int // GroupID of the topmost group
}

func tenants() []tenant {
	return []tenant{
		{iq.Acme, "10010", "Acme Support", "acme.example", "pbx.acme.example", 4711, 4810, 100},
		{iq.Globex, "10020", "Globex", "globex.example", "pbx.globex.example", 5711, 5770, 200},
		{iq.Initech, "10030", "Initech", "initech.example", "pbx.initech.example", 6711, 6750, 300},
	}
}

const created = "2005-06-01 08:00:00"

// The keys of the roles.
const (
	roleAgent = iota + 1
	roleSupervisor
	roleAdministrator
	roleWallboard
)

func generate() (string, error) {
	d := newDump()
	d.add("roles", roleAgent, nil, "Agent")
	d.add("roles", roleSupervisor, nil, "Supervisor")
	d.add("roles", roleAdministrator, 10010, "Administrator")
	d.add("roles", roleWallboard, nil, "Wallboard")
	for i, name := range []string{"contact-centre", "softphone", "recording.listen", "statistics.view", "users.edit"} {
		d.add("permissions", i+1, name)
	}
	for role, permissions := range [][]int{roleAgent: {1, 2}, roleSupervisor: {1, 2, 3, 4}, roleAdministrator: {4, 5}, roleWallboard: {4}} {
		for _, permission := range permissions {
			d.add("role_permissions", role, permission)
		}
	}

	random := rand.New(rand.NewPCG(2005, 6)) //nolint:gosec // a fixed seed is the point
	for _, t := range tenants() {
		d.add("customers", number(t.id), t.number, t.name, t.mail, 1, created)
		d.add("user_groups", t.group, number(t.id), nil, t.name)
		d.add("user_groups", t.group+1, number(t.id), t.group, "Support")
		d.add("user_groups", t.group+2, number(t.id), t.group, "Sales")

		taken := map[int]bool{}
		for _, k := range iq.Known() {
			if k.Tenant == t.id {
				if err := addKnown(d, t, k); err != nil {
					return "", err
				}
				taken[number(k.UserID)] = true
			}
		}
		if t.id == iq.Acme {
			for _, row := range nasty() {
				if err := row.add(d, t); err != nil {
					return "", err
				}
				taken[row.id] = true
			}
		}
		for id := t.first; id <= t.last; id++ {
			if !taken[id] {
				if err := addOrdinary(d, t, id, random); err != nil {
					return "", err
				}
			}
		}
	}
	return d.text(), nil
}

func addKnown(d *dump, t tenant, k iq.KnownUser) error {
	id, status, federated := number(k.UserID), "A", 0
	if k.Inactive {
		status = "I"
	}
	if k.Password == "" {
		federated = 1
	}
	d.add("users", id, number(t.id), t.group+1, k.Login, k.FirstName, k.LastName, k.FirstName+" "+k.LastName,
		k.Email, "Y", "en_GB", "person", status, federated, created)
	if k.Password != "" {
		if err := d.credential(id, k.Scheme, k.Password); err != nil {
			return err
		}
	}
	if k.SoftphoneAddress != "" {
		d.add("softphones", d.next("softphones"), id, k.SoftphoneAddress, "desk", nil)
	}
	if k.ExternalID != "" {
		d.add("external_identities", d.next("external_identities"), number(t.id), id, "corp", k.ExternalID, created)
	}
	d.add("user_roles", id, roleAgent)
	d.add("user_configuration", d.next("user_configuration"), id, "solution_id", t.id)

	switch id {
	case 4711:
		d.add("user_roles", id, roleSupervisor)
		d.add("user_roles", id, roleAdministrator)
		d.add("user_configuration", d.next("user_configuration"), id, "queue.default", "support-en")
		d.add("user_configuration", d.next("user_configuration"), id, "wrapup.seconds", "30")
		d.add("user_configuration", d.next("user_configuration"), id, "skill.languages", "en,nb,es")
	case 4719:
		d.add("softphones", d.next("softphones"), id, "sip:4719@pbx.acme.example", "desk", nil)
		d.add("softphones", d.next("softphones"), id, "sip:4719-home@pbx.acme.example", "home", nil)
	}
	return nil
}

// addOrdinary adds a user as most users are: something is missing in every third row.
func addOrdinary(d *dump, t tenant, id int, random *rand.Rand) error {
	first := pick(random, "Astrid", "Birk", "Camilla", "Didrik", "Emma", "Frode", "Guro", "Håkon", "Ida", "Jørgen", "Kaja", "Leif")
	last := pick(random, "Andersen", "Berg", "Christensen", "Dale", "Eide", "Foss", "Grønn", "Haugen", "Iversen", "O'Brien")
	login := fmt.Sprintf("agent%d", id)
	var mail, confirmed, lang any
	if random.IntN(10) > 0 {
		mail, confirmed = fmt.Sprintf("%s@%s", login, t.mail), pick(random, "Y", "Y", "N")
	}
	if random.IntN(4) > 0 {
		lang = pick(random, "nb_NO", "en_GB", "sv_SE", "no")
	}
	d.add("users", id, number(t.id), t.group+1+random.IntN(2), login, first, last, nil, mail, confirmed, lang,
		"person", pick(random, "A", "A", "A", "A", "A", "A", "I", "L"), nil, created)
	if err := d.credential(id, pick(random, slices.Sorted(schemes())...), "agent-2005"); err != nil {
		return err
	}
	if random.IntN(8) > 0 {
		d.add("softphones", d.next("softphones"), id, fmt.Sprintf("sip:%d@%s", id, t.sip), nil, pick[any](random, nil, 0, 1))
	}
	d.add("user_roles", id, roleAgent)
	return nil
}

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

// number returns an INT key; keys in the sample are constants, so anything else is a typing error.
func number(key string) int {
	n, err := strconv.Atoi(key)
	if err != nil {
		panic(err)
	}
	return n
}
