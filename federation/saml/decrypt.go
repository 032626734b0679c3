package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/beevik/etree"
)

// errDecrypt is all that is said about a ciphertext that does not open: more would help to guess it.
var errDecrypt = errors.New("it does not open with any key of this connection")

// maxEncryptedKeys bounds how often a message may have a private key used.
const maxEncryptedKeys = 2

// decrypt opens an EncryptedAssertion (SAML Core §6) and returns the assertion in it, of which nothing has
// been verified: anybody can encrypt.
func decrypt(el *etree.Element, keys []Key, policy Encryption) (*etree.Element, error) {
	if err := allow(el, name{nsEncrypted, "EncryptedData"}, name{nsEncrypted, "EncryptedKey"}); err != nil {
		return nil, err
	}
	data, err := only(el, nsEncrypted, "EncryptedData")
	if err != nil {
		return nil, err
	}
	open, err := blockCipher(data, policy)
	if err != nil {
		return nil, err
	}
	ciphertext, err := cipherValue(data)
	if err != nil {
		return nil, err
	}
	sessionKeys, err := encryptedKeys(el, data)
	if err != nil {
		return nil, err
	}
	for _, e := range sessionKeys {
		for _, k := range keys {
			sessionKey, err := e.open(k.Private)
			if err != nil {
				continue
			}
			if plain, err := open(sessionKey, ciphertext); err == nil {
				return readAssertion(plain)
			}
		}
	}
	return nil, errDecrypt
}

func readAssertion(plain []byte) (*etree.Element, error) {
	root, err := messageLimits.parse(plain)
	if err != nil {
		return nil, errDecrypt // the error would quote what a wrong key makes of the ciphertext
	}
	if !is(root, nsAssertion, "Assertion") {
		return nil, errors.New("what is encrypted is not an assertion")
	}
	return root, nil
}

// An encryptedKey is the key of the data, encrypted for one recipient.
type encryptedKey struct {
	ciphertext []byte
	options    rsa.OAEPOptions
}

// encryptedKeys finds the keys where IdPs put them: in the data, or beside it.
func encryptedKeys(el, data *etree.Element) ([]encryptedKey, error) {
	elements := children(el, nsEncrypted, "EncryptedKey")
	info, err := optional(data, nsSignature, "KeyInfo")
	if err != nil {
		return nil, err
	}
	if info != nil {
		elements = append(elements, children(info, nsEncrypted, "EncryptedKey")...)
	}
	if n := len(elements); n == 0 || n > maxEncryptedKeys {
		return nil, fmt.Errorf("%d encrypted keys, not one to %d", n, maxEncryptedKeys)
	}
	var keys []encryptedKey
	for _, e := range elements {
		options, err := oaep(e)
		if err != nil {
			return nil, err
		}
		ciphertext, err := cipherValue(e)
		if err != nil {
			return nil, err
		}
		keys = append(keys, encryptedKey{ciphertext, options})
	}
	return keys, nil
}

// oaep reads how a key is encrypted. RSA 1.5 is refused: it opens to whoever may ask often enough.
func oaep(el *etree.Element) (rsa.OAEPOptions, error) {
	method, err := only(el, nsEncrypted, "EncryptionMethod")
	if err != nil {
		return rsa.OAEPOptions{}, err
	}
	// The defaults of XML Encryption 1.1 §5.5.2. What hash the padding uses does not matter for secrecy.
	o := rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	switch algorithm, _ := attribute(method, "Algorithm"); algorithm {
	case "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p":
		err = allow(method, name{nsSignature, "DigestMethod"})
	case "http://www.w3.org/2009/xmlenc11#rsa-oaep":
		err = allow(method, name{nsSignature, "DigestMethod"}, name{nsEncrypted11, "MGF"})
	default:
		err = fmt.Errorf("key encryption %q is not RSA-OAEP", algorithm)
	}
	if err != nil {
		return o, err
	}
	for _, child := range method.ChildElements() {
		to := &o.Hash
		if child.Tag == "MGF" {
			to = &o.MGFHash
		}
		switch algorithm, _ := attribute(child, "Algorithm"); algorithm {
		case "http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2009/xmlenc11#mgf1sha1":
			*to = crypto.SHA1
		case "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2009/xmlenc11#mgf1sha256":
			*to = crypto.SHA256
		case "http://www.w3.org/2001/04/xmlenc#sha512", "http://www.w3.org/2009/xmlenc11#mgf1sha512":
			*to = crypto.SHA512
		default:
			return o, fmt.Errorf("hash %q of RSA-OAEP is unknown", algorithm)
		}
	}
	return o, nil
}

const nsEncrypted11 = "http://www.w3.org/2009/xmlenc11#"

func (e encryptedKey) open(private *rsa.PrivateKey) ([]byte, error) {
	return private.Decrypt(rand.Reader, e.ciphertext, &e.options)
}

func cipherValue(el *etree.Element) ([]byte, error) {
	data, err := only(el, nsEncrypted, "CipherData")
	if err != nil {
		return nil, err
	}
	if err := allow(data, name{nsEncrypted, "CipherValue"}); err != nil { // a CipherReference would have us fetch something
		return nil, err
	}
	return onlyBase64(data, nsEncrypted, "CipherValue")
}

// blockCipher returns how the data is decrypted.
func blockCipher(data *etree.Element, policy Encryption) (open func(key, ciphertext []byte) ([]byte, error), err error) {
	method, err := only(data, nsEncrypted, "EncryptionMethod")
	if err != nil {
		return nil, err
	}
	algorithm, _ := attribute(method, "Algorithm")
	var size int
	gcm := false
	switch algorithm {
	case "http://www.w3.org/2009/xmlenc11#aes128-gcm":
		size, gcm = 16, true
	case "http://www.w3.org/2009/xmlenc11#aes192-gcm":
		size, gcm = 24, true
	case "http://www.w3.org/2009/xmlenc11#aes256-gcm":
		size, gcm = 32, true
	case "http://www.w3.org/2001/04/xmlenc#aes128-cbc":
		size = 16
	case "http://www.w3.org/2001/04/xmlenc#aes192-cbc":
		size = 24
	case "http://www.w3.org/2001/04/xmlenc#aes256-cbc":
		size = 32
	default:
		return nil, fmt.Errorf("encryption %q is not AES", algorithm)
	}
	if !gcm && policy == EncryptionGCM {
		return nil, fmt.Errorf("encryption %q is not authenticated, which want_encrypted: gcm demands", algorithm)
	}
	return func(key, ciphertext []byte) ([]byte, error) {
		if len(key) != size {
			return nil, errDecrypt
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if gcm {
			return openGCM(block, ciphertext)
		}
		return openCBC(block, ciphertext)
	}, nil
}

func openGCM(block cipher.Block, ciphertext []byte) ([]byte, error) {
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	if len(ciphertext) < aead.NonceSize()+aead.Overhead() {
		return nil, errDecrypt
	}
	return aead.Open(nil, ciphertext[:aead.NonceSize()], ciphertext[aead.NonceSize():], nil)
}

// openCBC also takes the padding off (XML Encryption 1.1 §5.2): the last byte says how long it is, and the
// others may be anything.
func openCBC(block cipher.Block, ciphertext []byte) ([]byte, error) {
	if len(ciphertext) < 2*aes.BlockSize || len(ciphertext)%aes.BlockSize != 0 {
		return nil, errDecrypt
	}
	plain := make([]byte, len(ciphertext)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, ciphertext[:aes.BlockSize]).CryptBlocks(plain, ciphertext[aes.BlockSize:])
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize {
		return nil, errDecrypt
	}
	return plain[:len(plain)-padding], nil
}
