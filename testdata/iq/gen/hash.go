package main

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"strings"

	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"golang.org/x/crypto/argon2"
)

// A hashed password as its row spells it: hash, salt and type columns, the last two often NULL.
type hashed struct{ hash, salt, kind any }

type hasher func(password string, salt []byte) (hashed, error)

func hashers() map[string]hasher {
	return map[string]hasher{
		"bcrypt": hashBcrypt, "argon2id": hashArgon2id, "aspnet-v3": hashASPNet,
		"sha1-salted": hashSHA1, "sha512-crypt": hashSHA512Crypt, "phpass": hashPhpass,
	}
}

func schemes() iter.Seq[string] { return maps.Keys(hashers()) }

// credential adds a password. Equal passwords of one scheme share a salt, because hashing two
// hundred of them at full cost would take the generator half a minute.
func (d *dump) credential(user int, scheme, password string) error {
	key := scheme + "\x00" + password
	h, ready := d.hashes[key]
	if !ready {
		hash, known := hashers()[scheme]
		if !known {
			return fmt.Errorf("user %d: unknown scheme %q", user, scheme)
		}
		mac := hmac.New(sha256.New, []byte("IQ sample salt"))
		mac.Write([]byte(key))
		var err error
		if h, err = hash(password, mac.Sum(nil)[:16]); err != nil {
			return fmt.Errorf("user %d: %s: %w", user, scheme, err)
		}
		d.hashes[key] = h
	}
	d.add("credentials", d.next("credentials"), user, h.hash, h.salt, h.kind, 1, "2019-03-04 05:06:07")
	return nil
}

func hashBcrypt(password string, salt []byte) (hashed, error) {
	h, err := bcrypt.New(bcrypt.WithCost(10))
	if err != nil {
		return hashed{}, err
	}
	digest, err := h.HashWithSalt(password, salt)
	if err != nil {
		return hashed{}, err
	}
	return hashed{hash: digest.Encode()}, nil
}

func hashSHA512Crypt(password string, salt []byte) (hashed, error) {
	h, err := shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithIterations(5000))
	if err != nil {
		return hashed{}, err
	}
	digest, err := h.HashWithSalt(password, []byte(hex.EncodeToString(salt)[:16]))
	if err != nil {
		return hashed{}, err
	}
	return hashed{hash: digest.Encode()}, nil
}

func hashArgon2id(password string, salt []byte) (hashed, error) {
	const memory, time, threads = 19456, 2, 1 // KiB; the OWASP recommendation
	sum := argon2.IDKey([]byte(password), salt, time, memory, threads, 32)
	enc := base64.RawStdEncoding.EncodeToString
	return hashed{hash: fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", memory, time, threads, enc(salt), enc(sum))}, nil
}

// hashASPNet is ASP.NET Identity's format 3: 01, PRF 1 (HMAC-SHA256), iterations, salt length,
// salt, key; integers big-endian.
func hashASPNet(password string, salt []byte) (hashed, error) {
	const iterations = 10000
	sum, err := pbkdf2.Key(sha256.New, password, salt, iterations, 32)
	if err != nil {
		return hashed{}, err
	}
	out := []byte{1}
	for _, n := range []uint32{1, iterations, uint32(len(salt))} {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return hashed{hash: base64.StdEncoding.EncodeToString(append(append(out, salt...), sum...))}, nil
}

func hashSHA1(password string, salt []byte) (hashed, error) {
	text := hex.EncodeToString(salt)[:10]
	sum := sha1.Sum([]byte(text + password))
	return hashed{hash: hex.EncodeToString(sum[:]), salt: text, kind: "SHA1"}, nil
}

func hashPhpass(password string, salt []byte) (hashed, error) {
	const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const log2 = 13
	text := hex.EncodeToString(salt)[:8]
	sum := md5.Sum([]byte(text + password))
	for range 1 << log2 {
		sum = md5.Sum(append(sum[:], password...))
	}
	var b strings.Builder
	for i := 0; i < len(sum); i += 3 { // 24 bits at a time, least significant first
		n, digits := uint32(sum[i]), 2
		for j := 1; j < 3 && i+j < len(sum); j++ {
			n |= uint32(sum[i+j]) << (8 * j)
			digits++
		}
		for range digits {
			b.WriteByte(alphabet[n&63])
			n >>= 6
		}
	}
	return hashed{hash: "$P$" + alphabet[log2:log2+1] + text + b.String()}, nil
}
