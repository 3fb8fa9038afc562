// Package keyring owns the signing keys of a running node: it opens the sealed key set in the
// store, hands out the key to sign with and the keys to verify with, and takes part in
// rotation with every other node by compare-and-swap.
//
// Everything read on a request comes from a snapshot in memory, so that a node whose store is
// down goes on signing and verifying. What a key may do at an instant is decided by pkg/keyset.
//
// The ring makes the first key only when the store says that there never was a set. Any other
// trouble with the set is an error: a node never makes a new key because it could not read
// the old one. It does not sign; pkg/token does, and bounds how often.
package keyring
