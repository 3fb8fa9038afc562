// Package signin owns the ways in: by name and password, by a mailed link, by an identity at a
// provider, and by registering. Each is one method that a dialect calls once, so that no door can
// forget the limits, the checks behind the proof, or to record what happened.
//
// It counts attempts before it does expensive work, spends the same work on unknown accounts
// as on known ones, and tells the holder of the right password, and nobody else, why they
// may not come in. It does not decide what an account may look like (account) or how long a
// session lives (session).
package signin
