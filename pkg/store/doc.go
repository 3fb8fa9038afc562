// Package store is the contract between the services and whatever keeps their records.
//
// Every method is one atomic step: it happens wholly or not at all, for every caller on
// every node. There are no transactions across methods and none are needed; a flow of
// several steps is repaired by what its first step recorded (see Consequences).
//
// A store decides nothing: it hashes no secret, knows no permission, and takes the time
// from its caller. It refuses one thing only, a record it cannot keep whole: every field
// comes back as it went in, times in UTC, zero times as zero, text byte for byte. JSON comes
// back as the same value, numbers digit for digit; nil and empty slices are one. Ids and
// names are equal when their bytes are. What goes in or comes out is the caller's own.
//
// Errors: ErrNotFound, ErrExists and ErrStale where a method says so; anything else wraps
// ErrUnavailable and means that the outcome is unknown or the store cannot be reached. A
// caller must never read an absence out of it. All methods are safe for concurrent use and
// honour the context: one that is done before the call gives ErrUnavailable, or the
// context's own error, and changes nothing.
package store
