package registry

import (
	"slices"

	"github.com/goccy/go-yaml"
)

// AccessTokens says which access tokens of an identity provider clients may exchange. Zero: none.
type AccessTokens struct {
	// Audiences are the APIs that stand behind patchbay: a token must be for one of them.
	Audiences []string `json:"audiences,omitempty"`
	// Type is their typ: "at+jwt" (RFC 9068), also if empty, or "JWT".
	Type string `json:"type,omitempty"`
}

type accessTokensYAML struct {
	Audiences []string `yaml:"audiences"`
	Type      string   `yaml:"type"`
}

func (y accessTokensYAML) accessTokens() AccessTokens {
	a := AccessTokens(y)
	if len(a.Audiences) > 0 {
		a.Type = first(a.Type, "at+jwt")
	}
	return a
}

func checkAccessTokens(o *OIDC, report report) {
	a := o.AccessTokens
	checkList(report, "access_tokens.audiences", a.Audiences, checkName)
	if o.ClientID != "" && slices.Contains(a.Audiences, o.ClientID) {
		report("access_tokens.audiences", "%q is client_id: ID tokens are for it, and would pass for access tokens", o.ClientID)
	}
	switch {
	case len(a.Audiences) == 0 && a.Type != "":
		report("access_tokens.audiences", "is required with a type")
	case a.Type != "":
		if err := oneOf("at+jwt", "JWT")(a.Type); err != nil {
			report("access_tokens.type", "%w", err)
		}
	}
}

func outlineAccessTokens(o *outline, a AccessTokens) {
	var part outline
	part.list("audiences", a.Audiences)
	part.text("type", a.Type)
	if len(part) > 0 {
		o.add("access_tokens", yaml.MapSlice(part))
	}
}
