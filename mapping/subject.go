package mapping

import "strings"

// Subjects says how users are named to clients, in sub.
type Subjects int

// The forms of a subject.
const (
	// ByUserID is for directories whose user ids are unique.
	ByUserID Subjects = iota
	// ByTenant is <tenant>-<user id>, for directories that number the users of each tenant: without it
	// two people would be one to a client of both.
	ByTenant
)

// Of returns the subject of a user. A hyphen in the key of a tenant is escaped (%2D, and % is %25), so
// that no two users have one subject.
func (s Subjects) Of(tenant TenantKey, id UserID) string {
	if s == ByUserID {
		return string(id)
	}
	return tenantPart(tenant) + string(id)
}

// UserID returns which user of the tenant a subject names; none, if it names somebody of another.
func (s Subjects) UserID(tenant TenantKey, subject string) (UserID, bool) {
	if s == ByUserID {
		return UserID(subject), subject != ""
	}
	id, ok := strings.CutPrefix(subject, tenantPart(tenant))
	return UserID(id), ok && id != ""
}

func tenantPart(tenant TenantKey) string {
	return strings.NewReplacer("%", "%25", "-", "%2D").Replace(string(tenant)) + "-"
}
