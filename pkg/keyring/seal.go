package keyring

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

// purpose binds what is sealed to the key id, so that sealed keys cannot be exchanged.
func purpose(kid string) string { return "signing key " + kid }

// generate makes a key pair and seals the private half. It takes up to seconds: call it
// without holding a lock.
func (r *Ring) generate() (keyset.Key, error) {
	created := r.now()
	private, err := r.keyPair()
	if err != nil {
		return keyset.Key{}, fmt.Errorf("keyring: make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return keyset.Key{}, fmt.Errorf("keyring: make a key: %w", err)
	}
	kid := keyset.Thumbprint(&private.PublicKey)
	k := keyset.NewKey(&private.PublicKey, r.Master.Seal(purpose(kid), der))
	k.CreatedAt = created
	return k, nil
}

func (r *Ring) keyPair() (*rsa.PrivateKey, error) {
	if r.Generate != nil {
		return r.Generate(r.Policy.Bits)
	}
	return rsa.GenerateKey(rand.Reader, r.Policy.Bits)
}

// unseal opens a private key and proves that it is the one of the public key.
func (r *Ring) unseal(k keyset.Key) (*rsa.PrivateKey, error) {
	der, err := r.Master.Open(purpose(k.KID), k.Sealed)
	if err != nil {
		return nil, ErrMasterKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der) // also checks that the numbers fit together
	if err != nil {
		return nil, ErrMismatch // not err: it could tell about the number that is wrong
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok || keyset.Thumbprint(&private.PublicKey) != k.KID {
		return nil, ErrMismatch
	}
	return private, nil
}
