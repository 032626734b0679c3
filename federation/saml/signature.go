package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// signatureHash returns the hash of a signature method that is believed (RFC 6931 §2.3). SHA-1 is not,
// and neither is anything keyed with a secret.
func signatureHash(algorithm string) (hash crypto.Hash, ec bool, err error) {
	switch algorithm {
	case dsig.RSASHA256SignatureMethod:
		return crypto.SHA256, false, nil
	case dsig.RSASHA384SignatureMethod:
		return crypto.SHA384, false, nil
	case dsig.RSASHA512SignatureMethod:
		return crypto.SHA512, false, nil
	case dsig.ECDSASHA256SignatureMethod:
		return crypto.SHA256, true, nil
	case dsig.ECDSASHA384SignatureMethod:
		return crypto.SHA384, true, nil
	case dsig.ECDSASHA512SignatureMethod:
		return crypto.SHA512, true, nil
	}
	return 0, false, fmt.Errorf("signature method %q is not believed", algorithm)
}

func digestHash(algorithm string) (crypto.Hash, error) {
	switch algorithm {
	case "http://www.w3.org/2001/04/xmlenc#sha256":
		return crypto.SHA256, nil
	case "http://www.w3.org/2001/04/xmldsig-more#sha384":
		return crypto.SHA384, nil
	case "http://www.w3.org/2001/04/xmlenc#sha512":
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("digest method %q is not believed", algorithm)
}

// errSigner is the error of a signature that none of the pinned certificates has made.
var errSigner = errors.New("none of the identity provider's certificates has made it")

const transformEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

// verify returns el as it was signed, parsed again from the bytes that were hashed, if its own signature
// was made with the key of one of the certificates. Without a signature it returns nil and no error.
func verify(el *etree.Element, certificates []*x509.Certificate) (*etree.Element, error) {
	signature, err := optional(el, nsSignature, "Signature")
	if err != nil || signature == nil {
		return nil, err
	}
	info, err := verifySignedInfo(signature, certificates)
	if errors.Is(err, errSigner) {
		err = otherSigner(signature, certificates)
	}
	if err != nil {
		return nil, fmt.Errorf("signature of %s: %w", el.Tag, err)
	}
	signed, err := verifyReference(el, signature, info)
	if err != nil {
		return nil, fmt.Errorf("signature of %s: %w", el.Tag, err)
	}
	return signed, nil
}

// maxSignedInfo bounds what is canonicalised before it is known who wrote it. An honest one has some ten
// elements in it.
const maxSignedInfo = 32

// verifySignedInfo returns the SignedInfo as it was signed.
func verifySignedInfo(signature *etree.Element, certificates []*x509.Certificate) (*etree.Element, error) {
	// No ds:Object: nothing in it could be meant for us.
	err := allow(signature, name{nsSignature, "SignedInfo"}, name{nsSignature, "SignatureValue"}, name{nsSignature, "KeyInfo"})
	if err != nil {
		return nil, err
	}
	given, err := only(signature, nsSignature, "SignedInfo")
	if err != nil {
		return nil, err
	}
	if n := len(given.FindElements(".//*")); n > maxSignedInfo {
		return nil, fmt.Errorf("SignedInfo has %d elements in it, more than %d", n, maxSignedInfo)
	}
	value, err := onlyBase64(signature, nsSignature, "SignatureValue")
	if err != nil {
		return nil, err
	}
	method, err := only(given, nsSignature, "CanonicalizationMethod")
	if err != nil {
		return nil, err
	}
	canonical, err := canonicalise(given, nil, method)
	if err != nil {
		return nil, err
	}
	info, err := messageLimits.parse(canonical)
	if err != nil {
		return nil, err
	}
	algorithm, err := algorithmOf(info, "SignatureMethod")
	if err != nil {
		return nil, err
	}
	return info, checkAny(certificates, algorithm, canonical, value)
}

// checkAny tries the certificates in turn. What the message says about its key is not even read.
func checkAny(certificates []*x509.Certificate, algorithm string, signed, value []byte) error {
	hash, ec, err := signatureHash(algorithm)
	if err != nil {
		return err
	}
	h := hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	for _, c := range certificates {
		switch key := c.PublicKey.(type) {
		case *rsa.PublicKey:
			if !ec && rsa.VerifyPKCS1v15(key, hash, digest, value) == nil {
				return nil
			}
		case *ecdsa.PublicKey:
			if half := len(value) / 2; ec && half > 0 && len(value) == 2*half { // RFC 6931 §2.3.6: r and s, as long as each other
				r, s := new(big.Int).SetBytes(value[:half]), new(big.Int).SetBytes(value[half:])
				if ecdsa.Verify(key, digest, r, s) {
					return nil
				}
			}
		}
	}
	return errSigner
}

// verifyReference follows the one Reference of a verified SignedInfo, which must be to el itself.
func verifyReference(el, signature, info *etree.Element) (*etree.Element, error) {
	err := allow(info, name{nsSignature, "CanonicalizationMethod"}, name{nsSignature, "SignatureMethod"}, name{nsSignature, "Reference"})
	if err != nil {
		return nil, err
	}
	reference, err := only(info, nsSignature, "Reference")
	if err != nil {
		return nil, err
	}
	id, _ := attribute(el, "ID")
	if uri, _ := attribute(reference, "URI"); id == "" || uri != "#"+id {
		return nil, fmt.Errorf("it refers to %q, and not to its own element %q", uri, id)
	}
	c14n, err := readTransforms(reference)
	if err != nil {
		return nil, err
	}
	algorithm, err := algorithmOf(reference, "DigestMethod")
	if err != nil {
		return nil, err
	}
	hash, err := digestHash(algorithm)
	if err != nil {
		return nil, err
	}
	want, err := onlyBase64(reference, nsSignature, "DigestValue")
	if err != nil {
		return nil, err
	}
	canonical, err := canonicalise(el, signature, c14n)
	if err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(canonical)
	if subtle.ConstantTimeCompare(h.Sum(nil), want) != 1 {
		return nil, errors.New("the digest is another one: it was altered")
	}
	return messageLimits.parse(canonical)
}

// readTransforms returns the canonicalisation among the transforms. The only other one is that which
// takes the signature out; an XPath or a style sheet would make the bytes say anything.
func readTransforms(reference *etree.Element) (c14n *etree.Element, err error) {
	err = allow(reference, name{nsSignature, "Transforms"}, name{nsSignature, "DigestMethod"}, name{nsSignature, "DigestValue"})
	if err != nil {
		return nil, err
	}
	transforms, err := only(reference, nsSignature, "Transforms")
	if err != nil {
		return nil, err
	}
	list := transforms.ChildElements()
	if len(list) != 2 || !is(list[0], nsSignature, "Transform") || !is(list[1], nsSignature, "Transform") {
		return nil, fmt.Errorf("%d transforms, not two", len(list))
	}
	if first, _ := attribute(list[0], "Algorithm"); first != transformEnveloped {
		return nil, fmt.Errorf("the first transform is %q", first)
	}
	return list[1], nil
}

// canonicalise returns el's exclusive canonical form, without one of its children, as method says. Other
// forms take the namespaces of whatever surrounds the element into what is signed.
func canonicalise(el, without, method *etree.Element) ([]byte, error) {
	algorithm, _ := attribute(method, "Algorithm")
	var prefixes string
	switch dsig.AlgorithmID(algorithm) {
	case dsig.CanonicalXML10ExclusiveAlgorithmId, dsig.CanonicalXML10ExclusiveWithCommentsAlgorithmId: // there are no comments
		for _, child := range method.ChildElements() {
			if !is(child, algorithmNamespace, "InclusiveNamespaces") {
				return nil, fmt.Errorf("canonicalisation has an unexpected child %q", child.Tag)
			}
			prefixes, _ = attribute(child, "PrefixList")
		}
	default:
		return nil, fmt.Errorf("canonicalisation %q is not the exclusive one", algorithm)
	}
	alone := detached(el)
	if without != nil {
		alone.RemoveChildAt(without.Index())
	}
	return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(alone)
}

const algorithmNamespace = "http://www.w3.org/2001/10/xml-exc-c14n#"

func algorithmOf(el *etree.Element, tag string) (string, error) {
	method, err := only(el, nsSignature, tag)
	if err != nil {
		return "", err
	}
	if err := allow(method); err != nil { // an HMACOutputLength, for one
		return "", err
	}
	algorithm, _ := attribute(method, "Algorithm")
	return algorithm, nil
}

func onlyBase64(el *etree.Element, namespace, tag string) ([]byte, error) {
	child, err := only(el, namespace, tag)
	if err != nil {
		return nil, err
	}
	encoded, err := word(child)
	if err != nil {
		return nil, err
	}
	return decodeBase64(child.Tag, encoded)
}

// decodeBase64 reads base64 that may be broken into lines.
func decodeBase64(what, encoded string) ([]byte, error) {
	decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return nil, fmt.Errorf("%s is not base64", what)
	}
	return decoded, nil
}
