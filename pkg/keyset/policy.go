package keyset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Propagation is how long after a write every node that reaches the store acts on it.
const Propagation = 5 * time.Second

// minLead is the least time a key is published before it signs, whatever MaxAge is: there are
// verifiers that refresh their cache once a day or when they restart.
const minLead = 24 * time.Hour

// Policy says how signing keys live.
type Policy struct {
	Rotation time.Duration // how long a key signs; e.g. 720h
	Lead     time.Duration // how long a key is published before it signs; e.g. 24h
	TokenTTL time.Duration // the longest lifetime of anything signed; e.g. 1h
	Skew     time.Duration // how wrong a node's or verifier's clock may be, either way; e.g. 30s
	MaxAge   time.Duration // how long verifiers may cache the JWK set; e.g. 5m
	Bits     int           // RSA modulus length: 2048, 3072 or 4096

	// Unsafe lifts the bounds that protect verifiers with a cached key set, so that tests and
	// demonstrations can watch a rotation. Tokens are rejected while it is on.
	Unsafe bool
}

// PolicyError says which field of a Policy is wrong and what is allowed.
type PolicyError struct {
	Field   string // the name of the Policy field
	Value   string
	Allowed string
}

func (e *PolicyError) Error() string {
	return fmt.Sprintf("key policy: %s is %s; allowed: %s", e.Field, e.Value, e.Allowed)
}

// Validate refuses a policy under which the set could have no key to sign with or a verifier
// with a cached set could reject a valid token. The error joins one *PolicyError for each
// field that is wrong.
func (p Policy) Validate() error {
	var errs []error
	within := func(field string, v, low, high time.Duration, why string) {
		if v < low || v > high {
			errs = append(errs, &PolicyError{field, v.String(), fmt.Sprintf("%v to %v%s", low, high, why)})
		}
	}
	const day, year = 24 * time.Hour, 366 * 24 * time.Hour
	if sizes := []int{2048, 3072, 4096}; !slices.Contains(sizes, p.Bits) {
		errs = append(errs, &PolicyError{"Bits", fmt.Sprint(p.Bits), strings.Trim(fmt.Sprint(sizes), "[]")})
	}
	if p.Unsafe {
		within("TokenTTL", p.TokenTTL, 0, year, "")
		within("Skew", p.Skew, 0, year, "")
		within("MaxAge", p.MaxAge, 0, year, "")
		within("Lead", p.Lead, 0, year, "")
		within("Rotation", p.Rotation, time.Second, year, "")
		return errors.Join(errs...)
	}
	within("TokenTTL", p.TokenTTL, time.Second, day, "")
	within("Skew", p.Skew, 0, 5*time.Minute, "")
	within("MaxAge", p.MaxAge, time.Second, day, "")
	within("Lead", p.Lead, max(minLead, 2*p.MaxAge), year, " (the longer of 24h and twice the time verifiers may cache the key set)")
	within("Rotation", p.Rotation, p.Ahead()+p.Keep(), year, " (at least the lead plus the time a key is kept after it signed)")
	return errors.Join(errs...)
}

// Keep returns how long a key stays published after it stopped signing: the last token it
// signed has expired by then for every verifier, however wrong the clocks are within Skew,
// and however late a node heard of the rotation.
func (p Policy) Keep() time.Duration { return p.TokenTTL + p.Skew + p.MaxAge + p.slack() }

// Ahead returns how long before its activation a key is written to the set: Lead, and so much
// that it is Lead by everybody's clock and on every node.
func (p Policy) Ahead() time.Duration {
	if p.Unsafe {
		return p.Lead
	}
	return p.Lead + p.slack()
}

func (p Policy) slack() time.Duration { return 2*p.Skew + Propagation }
