package saml

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// fingerprint is the short name of a certificate in what administrators read: the beginning of its SHA-256
// digest, which nothing rests on.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:4])
}

// otherSigner is errSigner with the certificates that are pinned and the one that the message names. It comes
// after the judgement, so that what the message says of its own key is told and never believed.
func otherSigner(signature *etree.Element, pinned []*x509.Certificate) error {
	known := make([]string, len(pinned))
	for i, c := range pinned {
		known[i] = fingerprint(c.Raw)
	}
	said := "names no certificate"
	if el := signature.FindElement("./KeyInfo/X509Data/X509Certificate"); el != nil {
		if encoded, err := word(el); err == nil {
			if der, err := decodeBase64("X509Certificate", encoded); err == nil {
				said = "names " + fingerprint(der)
			}
		}
	}
	return fmt.Errorf("%w: its metadata has %s, the message %s", errSigner, strings.Join(known, ", "), said)
}
