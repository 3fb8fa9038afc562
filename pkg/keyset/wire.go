package keyset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	wireVersion = 1
	maxWire     = 1 << 20
	maxKeepFor  = 10 * 366 * 24 * time.Hour
)

// ErrDamaged says that bytes are not a key set this version can rely on. Errors that wrap it
// say what is wrong and show nothing of the content but the ids of keys.
var ErrDamaged = errors.New("damaged key set")

type wireSet struct {
	Version int       `json:"version"`
	Keys    []wireKey `json:"keys"`
	Revoked []Revoked `json:"revoked"`
}

type wireKey struct {
	KID         string    `json:"kid"`
	CreatedAt   time.Time `json:"created_at"`
	PublishedAt time.Time `json:"published_at"`
	ActivatesAt time.Time `json:"activates_at"`
	KeepSeconds int64     `json:"keep_seconds"`
	Public      []byte    `json:"public"`
	Sealed      []byte    `json:"sealed"`
}

// Marshal returns the set as it is stored. It refuses, with ErrDamaged, what Unmarshal would
// refuse.
func (s Set) Marshal() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	w := wireSet{Version: wireVersion, Revoked: s.Revoked}
	for _, k := range s.Keys {
		// Rounded up: a key is never kept for less than it was promised.
		keep := (k.KeepFor + time.Second - 1) / time.Second
		w.Keys = append(w.Keys, wireKey{
			k.KID, k.CreatedAt.UTC(), k.PublishedAt.UTC(), k.ActivatesAt.UTC(), int64(keep), k.Public, k.Sealed,
		})
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return b, nil
}

// Unmarshal reads a stored set and checks all of it: the version, that there is a key to sign
// with, that ids are unique and the RFC 7638 thumbprints of their public keys, that keys are
// long enough and no revoked key is among them. Errors wrap ErrDamaged.
func Unmarshal(data []byte) (Set, error) {
	if len(data) > maxWire {
		return Set{}, fmt.Errorf("%w: %d bytes are more than a set can have", ErrDamaged, len(data))
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return Set{}, fmt.Errorf("%w: it is not a JSON object with a version", ErrDamaged)
	}
	if head.Version != wireVersion {
		return Set{}, fmt.Errorf("%w: it has version %d and this program reads version %d", ErrDamaged, head.Version, wireVersion)
	}
	var w wireSet
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // writing the set back would lose them
	if err := d.Decode(&w); err != nil {
		return Set{}, fmt.Errorf("%w: a member is unknown or has the wrong form", ErrDamaged)
	}
	s := w.set()
	return s, s.check()
}

func (w wireSet) set() Set {
	s := Set{Revoked: w.Revoked}
	for _, k := range w.Keys {
		keep := time.Duration(-1) // for check to refuse; the product could overflow
		if k.KeepSeconds >= 0 && k.KeepSeconds <= int64(maxKeepFor/time.Second) {
			keep = time.Duration(k.KeepSeconds) * time.Second
		}
		s.Keys = append(s.Keys, Key{
			k.KID, k.CreatedAt.UTC(), k.PublishedAt.UTC(), k.ActivatesAt.UTC(), keep, k.Public, k.Sealed,
		})
	}
	slices.SortFunc(s.Keys, bySigning)
	return s
}

func (s Set) check() error {
	if len(s.Keys) == 0 {
		return fmt.Errorf("%w: no key in it is active, for it has none", ErrDamaged)
	}
	if len(s.Keys) > MaxKeys || len(s.Revoked) > maxRevoked {
		return fmt.Errorf("%w: it has %d keys and %d revoked ones", ErrDamaged, len(s.Keys), len(s.Revoked))
	}
	for i, k := range s.Keys {
		if err := k.check(); err != nil {
			return fmt.Errorf("%w: key number %d: %w", ErrDamaged, i+1, err)
		}
		if s.index(k.KID) != i {
			return fmt.Errorf("%w: key %s is in it twice", ErrDamaged, k.KID)
		}
		if s.IsRevoked(k.KID) {
			return fmt.Errorf("%w: key %s is in it and revoked", ErrDamaged, k.KID)
		}
	}
	return nil
}

func (k Key) check() error {
	pub, err := k.PublicKey()
	if err != nil {
		return err
	}
	if want := Thumbprint(pub); k.KID != want {
		return fmt.Errorf("its id is not the thumbprint of its public key, %s", want)
	}
	for _, t := range []time.Time{k.CreatedAt, k.PublishedAt, k.ActivatesAt} {
		if t.Year() < 2000 || t.Year() > 9000 {
			return errors.New("one of its dates cannot be")
		}
	}
	switch {
	case k.KeepFor < 0 || k.KeepFor > maxKeepFor:
		return errors.New("its keep time cannot be")
	case len(k.Sealed) == 0:
		return errors.New("it has no private key")
	}
	return nil
}
