// Package masterkey owns the key-encryption key: 32 bytes that come from the environment or
// from a file of mode 0600, and everything that is derived from or sealed with them.
//
// Whoever holds the store without the master key holds no signing key and no derived secret.
// The package refuses to show the key: no formatting verb, log or JSON encoder prints it, and
// no error repeats what it was given. It refuses files that others can read. It does not know
// what it seals; that is the caller's purpose.
package masterkey
