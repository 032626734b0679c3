package main

// A nastyRow is a user as no schema of ours would allow, and as every old table has some. A nil
// is NULL.
type nastyRow struct {
	id                  int
	login, first, mail  any
	userType            any
	status              any
	scheme              string // credential of password agent-2005, if any
	rawHash             any    // credential exactly as it stands here, if any
	phones              []phone
	secondCurrentScheme string
}

type phone struct {
	address   any
	isDefault any
}

// nasty lists the rows of customer 10010 that a broker must survive.
func nasty() []nastyRow {
	return []nastyRow{
		// Logins that are one by case.
		{id: 4721, login: "Kari", first: "Kari", mail: "kari@acme.example", status: "A", scheme: "bcrypt"},
		{id: 4722, login: "kari", first: "Karin", mail: "karin@acme.example", status: "A", scheme: "phpass"},
		// Logins that are one by trailing space.
		{id: 4723, login: "lars ", first: "Lars", mail: "lars@acme.example ", status: "A", scheme: "bcrypt"},
		{id: 4724, login: "lars", first: "Lars", mail: "lars@acme.example", status: "A", scheme: "sha512-crypt"},
		// Logins and e-mails that are one by accent.
		{id: 4725, login: "élise", first: "Élise", mail: "élise@acme.example", status: "A", scheme: "bcrypt"},
		{id: 4726, login: "elise", first: "Elise", mail: "elise@acme.example", status: "A", scheme: "argon2id"},
		// NULLs.
		{id: 4727, first: "Nobody", status: "A", scheme: "bcrypt"},
		{id: 4728, login: "olav", first: "Olav", mail: "olav@acme.example", scheme: "bcrypt"},
		{id: 4736, login: "odd", status: "A", scheme: "sha1-salted"},
		// Credentials that verify nothing: none, NULL, empty, locked, two current ones.
		{id: 4729, login: "pia", first: "Pia", status: "A"},
		{id: 4730, login: "rolf", first: "Rolf", status: "A", rawHash: ""},
		{id: 4731, login: "siri", first: "Siri", status: "A", rawHash: "!locked"},
		{id: 4744, login: "tor", first: "Tor", status: "A", scheme: "bcrypt", secondCurrentScheme: "phpass"},
		// Softphones: a default among two, a foreign domain, no host, an odd spelling, NULL.
		{id: 4732, login: "mona", first: "Mona", status: "A", scheme: "bcrypt", phones: []phone{
			{"sip:4732@pbx.acme.example", 1}, {"sip:4732-home@pbx.acme.example", 0},
		}},
		{id: 4733, login: "nils", first: "Nils", status: "A", scheme: "bcrypt", phones: []phone{{"sip:4733@pbx.evil.example", 1}}},
		{id: 4737, login: "unni", first: "Unni", status: "A", scheme: "bcrypt", phones: []phone{{"4737", nil}}},
		{id: 4738, login: "vidar", first: "Vidar", status: "A", scheme: "bcrypt", phones: []phone{
			{"\"Vidar\" <SIP:4738@PBX.Acme.Example:5060;transport=tls>", nil},
		}},
		{id: 4745, login: "yngve", first: "Yngve", status: "A", scheme: "bcrypt", phones: []phone{{nil, nil}}},
		// One e-mail for two people, and one written in another case than people write it.
		{id: 4734, login: "ute", first: "Ute", mail: "shared@acme.example", status: "A", scheme: "bcrypt"},
		{id: 4735, login: "ulf", first: "Ulf", mail: "shared@acme.example", status: "A", scheme: "phpass"},
		{id: 4742, login: "wenche", first: "Wenche", mail: "Wenche.Lie@ACME.example", status: "A", scheme: "bcrypt"},
		// Users who are not people.
		{id: 4739, login: "wallboard1", userType: "wallboard", status: "A", scheme: "bcrypt"},
		{id: 4740, login: "api-import", userType: "api", status: "A", scheme: "sha512-crypt"},
		{id: 4741, login: "chatbot", userType: "chatbot", status: "A"},
		// A Cyrillic а makes another ana; a quote and a percent sign are only characters.
		{id: 4743, login: "аna", first: "Ana", mail: "аna.hansen@acme.example", status: "A", scheme: "bcrypt"},
		{id: 4746, login: "o'hara%_", first: "Scarlett", status: "A", scheme: "phpass"},
	}
}

func (r nastyRow) add(d *dump, t tenant) error {
	userType := r.userType
	if userType == nil {
		userType = "person"
	}
	var group any
	if r.mail != nil {
		group = t.group + 2
	}
	d.add("users", r.id, number(t.id), group, r.login, r.first, nil, nil, r.mail, "Y", nil, userType, r.status, nil, nil)
	for _, scheme := range []string{r.scheme, r.secondCurrentScheme} {
		if scheme != "" {
			if err := d.credential(r.id, scheme, "agent-2005"); err != nil {
				return err
			}
		}
	}
	if r.rawHash != nil {
		d.add("credentials", d.next("credentials"), r.id, r.rawHash, nil, nil, 1, nil)
	}
	for _, p := range r.phones {
		d.add("softphones", d.next("softphones"), r.id, p.address, nil, p.isDefault)
	}
	return nil
}
