package provider

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// signedMedia is the media type of a signed introspection answer (RFC 9701 §4).
const signedMedia = "application/token-introspection+jwt"

// A signedAnswer is an introspection answer as a JWT.
type signedAnswer string

func (a signedAnswer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", signedMedia)
	w.Header().Set("Content-Length", strconv.Itoa(len(a)))
	_, _ = io.WriteString(w, string(a)) // a client that has gone needs no answer
}

// wantsSigned reports whether the caller asked for a signed answer: it must name the media type,
// because whoever accepts anything gets JSON.
func wantsSigned(h http.Header) bool {
	for _, value := range h.Values("Accept") {
		if !strings.Contains(strings.ToLower(value), signedMedia) {
			continue // nearly every request, at no cost
		}
		for item := range strings.SplitSeq(value, ",") {
			media, parameters, err := mime.ParseMediaType(item)
			if err != nil || media != signedMedia {
				continue
			}
			quality, err := strconv.ParseFloat(parameters["q"], 64)
			if err != nil || quality > 0 { // RFC 9110 §12.4.2: q=0 is a refusal
				return true
			}
		}
	}
	return false
}

// sign makes a JWT of an answer, for callers who must prove to others what they were told. It is
// signed as the caller's ID tokens would be.
func (p *provider) sign(ctx context.Context, x *exchange, answer json.RawMessage) (any, error) {
	if err := p.keys.Ensure(ctx, x.issuer.keys); err != nil {
		return nil, unavailable(err)
	}
	raw, err := p.tokens.MintIntrospection(keyring.Algorithm(x.client.IDTokenSigningAlg), token.Introspection{
		Issuer: x.issuer.url, Audience: x.client.ID, Answer: answer,
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return signedAnswer(raw), nil
}
