// Package identity holds the nouns of the account model: users, sessions, invitations, API
// keys, audit events and what follows from a change. They are plain values with their
// invariants; the package does no I/O, reads no clock and knows no wire format.
//
// All times are UTC and whole milliseconds, the coarser precision of the two stores.
package identity
