// Package keyset owns the life cycle of the signing keys: which key is pending, active,
// retiring or retired, when the next one is due, how the set is written down, and how it is
// published as a JWK set.
//
// The state of every key is a pure function of the set, the policy and the time. Activation
// and retirement therefore need no write, and nodes that hold one set agree without talking.
// The set is written only to add a key, to change a date on purpose, to revoke and to prune.
//
// The package does no I/O, reads no clock, makes no key and never sees a private one: what it
// keeps of it is sealed by the caller. It refuses sets that are damaged and policies under
// which a verifier with a cached key set could reject a valid token.
package keyset
