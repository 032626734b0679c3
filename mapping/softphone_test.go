package mapping

import (
	"errors"
	"strings"
	"testing"
)

func TestAddressOfRecord(t *testing.T) {
	domains := []string{"pbx.acme.example", "old.Acme.example"}
	phone := func(addresses ...string) (list []Softphone) {
		for _, a := range addresses {
			a, isDefault := strings.CutSuffix(a, "!")
			list = append(list, Softphone{Address: a, Default: isDefault})
		}
		return list
	}
	for _, tc := range []struct {
		name    string
		phones  []Softphone
		domains []string
		want    string
		wantErr error
	}{
		{"plain", phone("4711@pbx.acme.example"), domains, "4711@pbx.acme.example", nil},
		{"everything", phone(`"Ana" <SIPS:4711@PBX.acme.example:5061;transport=tls?x=y>;expires=3`), domains, "4711@pbx.acme.example", nil},
		{"scheme and port", phone("sip:4711@pbx.acme.example:5060"), domains, "4711@pbx.acme.example", nil},
		{"no host", phone(" 4711 "), domains, "4711@pbx.acme.example", nil},
		{"no host, domain in capitals", phone("4711"), domains[1:], "4711@old.acme.example", nil},
		{"second domain", phone("4711@old.acme.example"), domains, "4711@old.acme.example", nil},
		{"user parameters", phone("sip:4711;phone-context=x@pbx.acme.example"), domains, "4711@pbx.acme.example", nil},
		{"tel", phone("tel:+47-22-33(44);ext=5"), domains, "+472233" + "44@pbx.acme.example", nil},
		{"user keeps its case", phone("Ana.B@pbx.acme.example"), domains, "Ana.B@pbx.acme.example", nil},
		{"one address in two spellings", phone("4711", "sip:4711@PBX.acme.example:5060"), domains, "4711@pbx.acme.example", nil},
		{"default of several", phone("1", "2!", "x@foreign.example"), domains, "2@pbx.acme.example", nil},
		{"IPv6", phone("sip:1@[2001:DB8::1]:5060"), []string{"[2001:db8::1]"}, "1@[2001:db8::1]", nil},
		{"blank beside one", phone("", "4711"), domains, "4711@pbx.acme.example", nil},

		{"none", nil, domains, "", ErrNoSoftphone},
		{"blank", phone("", "  "), domains, "", ErrNoSoftphone},
		{"several", phone("1", "2"), domains, "", ErrSeveralSoftphones},
		{"two defaults", phone("1!", "2!"), domains, "", ErrSeveralSoftphones},
		{"foreign", phone("4711@evil.example"), domains, "", ErrForeignSoftphone},
		{"foreign by suffix", phone("4711@xpbx.acme.example"), domains, "", ErrForeignSoftphone},
		{"foreign default", phone("1", "2@evil.example!"), domains, "", ErrForeignSoftphone},
		{"no domains", phone("4711@pbx.acme.example"), nil, "", ErrForeignSoftphone},
		{"no host, no domains", phone("4711"), nil, "", ErrNoSIPDomain},
		{"no user", phone("sip:@pbx.acme.example"), domains, "", ErrMalformedSoftphone},
		{"two at signs", phone("4711@evil.example@pbx.acme.example"), domains, "", ErrMalformedSoftphone},
		{"password", phone("sip:4711:pw@pbx.acme.example"), domains, "", ErrMalformedSoftphone},
		{"escape", phone("sip:47%31@pbx.acme.example"), domains, "", ErrMalformedSoftphone},
		{"other scheme", phone("mailto:ana@pbx.acme.example"), domains, "", ErrMalformedSoftphone},
		{"brackets", phone("<sip:4711@pbx.acme.example"), domains, "", ErrMalformedSoftphone},
		{"bad port", phone("4711@pbx.acme.example:sip"), domains, "", ErrMalformedSoftphone},
		{"tel with a host", phone("tel:+47@pbx.acme.example"), domains, "", ErrMalformedSoftphone},
		{"line break", phone("4711\r\n@pbx.acme.example"), domains, "", ErrMalformedSoftphone},
		{"huge", phone(strings.Repeat("4", 10000)), domains, "", ErrMalformedSoftphone},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := AddressOfRecord(tc.phones, tc.domains)
			if got != tc.want || !errors.Is(err, tc.wantErr) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tc.want, tc.wantErr)
			}
		})
	}
}

// FuzzAddressOfRecord asserts the form of every result, and that it is its own address of record.
func FuzzAddressOfRecord(f *testing.F) {
	for _, address := range []string{"4711", "sip:4711@pbx.acme.example:5060;x=y", `"A" <sips:a@PBX.acme.example>`, "tel:+4-7"} {
		f.Add(address)
	}
	domains := []string{"pbx.acme.example"}
	f.Fuzz(func(t *testing.T, address string) {
		got, err := AddressOfRecord([]Softphone{{Address: address}}, domains)
		if err != nil {
			if got != "" {
				t.Errorf("%q gives %q beside %v", address, got, err)
			}
			return
		}
		user, ok := strings.CutSuffix(got, "@pbx.acme.example")
		if !ok || user == "" || strings.ContainsAny(user, "@:;?<>\" \r\n\x00%") {
			t.Errorf("%q gives %q", address, got)
		}
		if again, err := AddressOfRecord([]Softphone{{Address: got}}, domains); again != got || err != nil {
			t.Errorf("%q gives %q gives %q, %v", address, got, again, err)
		}
	})
}
