package registry

import (
	"fmt"
	"slices"
	"strings"
)

// Response types of the authorization endpoint (OAuth 2.0 Multiple Response Type Encoding
// Practices §5), in their registered spelling.
const (
	ResponseCode             = "code"
	ResponseIDTokenToken     = "id_token token"
	ResponseIDToken          = "id_token"
	ResponseCodeIDToken      = "code id_token"
	ResponseCodeIDTokenToken = "code id_token token"
	ResponseCodeToken        = "code token"
)

// ResponseTypes returns all of them.
func ResponseTypes() []string {
	return []string{
		ResponseCode, ResponseIDTokenToken, ResponseIDToken,
		ResponseCodeIDToken, ResponseCodeIDTokenToken, ResponseCodeToken,
	}
}

// ResponseType returns the registered spelling of a response_type, whose words may come in any order
// (RFC 6749 §3.1.1); ok is false for one that is not in ResponseTypes.
func ResponseType(text string) (registered string, ok bool) {
	words := strings.Split(text, " ")
	slices.Sort(words) // the registered spellings are sorted
	registered = strings.Join(words, " ")
	return registered, slices.Contains(ResponseTypes(), registered)
}

// MayRespond reports whether the client may ask for a response type, in its registered spelling.
func (c *Client) MayRespond(responseType string) bool {
	if len(c.ResponseTypes) == 0 {
		return responseType == ResponseCode && c.MayUse(GrantAuthorizationCode)
	}
	return slices.Contains(c.ResponseTypes, responseType)
}

// authorizes reports whether the client uses the authorization endpoint.
func (c *Client) authorizes() bool {
	return c.MayUse(GrantAuthorizationCode) || len(c.ResponseTypes) > 0
}

// checkResponses reports response types that are unknown, or that do not fit the grants.
func checkResponses(c *Client, report report) {
	checkList(report, "response_types", c.ResponseTypes, func(given string) error {
		if err := oneOf(ResponseTypes()...)(given); err != nil {
			return err
		}
		if hasCode(given) && !c.MayUse(GrantAuthorizationCode) {
			return fmt.Errorf("%q needs the grant authorization_code", given)
		}
		return nil
	})
	if len(c.ResponseTypes) > 0 && c.MayUse(GrantAuthorizationCode) && !slices.ContainsFunc(c.ResponseTypes, hasCode) {
		report("response_types", "none of them has the code that the grant authorization_code redeems")
	}
}

func hasCode(responseType string) bool { return strings.HasPrefix(responseType, ResponseCode) }
