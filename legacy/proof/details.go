package proof

import (
	"context"
	"errors"
	"strings"

	"github.com/patchbay-auth/patchbay/mapping"
)

// softphones judges every user's addresses as introspection would. Addresses that may be two users' are read
// a second time, because no statement finds a user by one.
func (r *run) softphones(ctx context.Context) error {
	err := r.DB.ScanSoftphones(ctx, func(tenant mapping.TenantKey, id mapping.UserID, phones []mapping.Softphone, unread error) error {
		r.report.Softphones += len(phones)
		r.told("softphones", r.report.Softphones, 0)
		if unread != nil {
			r.tally.add(DetailsFail, place(tenant, id))
		}
		address, code := r.address(tenant, phones)
		if code != "" {
			r.tally.add(code, place(tenant, id))
		}
		if address != "" {
			r.seen.add(key{kind: PhoneShared, tenant: string(tenant), value: address})
		}
		return nil
	})
	if err != nil {
		return err
	}
	holders := map[key]string{}
	for k := range r.seen.repeated {
		if k.kind == PhoneShared {
			holders[k] = ""
		}
	}
	if len(holders) == 0 {
		return nil
	}
	return r.DB.ScanSoftphones(ctx, func(tenant mapping.TenantKey, id mapping.UserID, phones []mapping.Softphone, _ error) error {
		address, _ := r.address(tenant, phones)
		k := key{kind: PhoneShared, tenant: string(tenant), value: address}
		switch first, suspect := holders[k]; {
		case suspect && first == "":
			holders[k] = place(tenant, id)
		case suspect:
			r.tally.add(PhoneShared, place(tenant, id))
		}
		return nil
	})
}

// address returns the address that a switch would be told, or what is wrong with it. Without a tenant's
// domains every host is good.
func (r *run) address(tenant mapping.TenantKey, phones []mapping.Softphone) (string, Code) {
	domains, known := r.Tenants[tenant]
	if !known {
		domains = nil
		for _, p := range phones {
			if _, host, has := strings.Cut(strings.TrimSuffix(p.Address, ">"), "@"); has {
				host, _, _ = strings.Cut(host, ";")
				host, _, _ = strings.Cut(host, ":")
				domains = append(domains, host)
			}
		}
		domains = append(domains, "unknown.invalid") // for an address without a host
	}
	address, err := mapping.AddressOfRecord(phones, domains)
	switch {
	case errors.Is(err, mapping.ErrMalformedSoftphone):
		return "", PhoneMalformed
	case errors.Is(err, mapping.ErrForeignSoftphone), errors.Is(err, mapping.ErrNoSIPDomain):
		if !known {
			return "", PhoneMalformed // an IPv6 address, say, cut at its colon
		}
		return "", PhoneForeign
	case errors.Is(err, mapping.ErrSeveralSoftphones):
		return "", PhoneUndecided
	}
	return address, ""
}
