// Package password turns passwords into hashes, checks them against hashes, its own and
// imported ones, and refuses passwords that are too easy to guess.
//
// It owns the hashing parameters, the ceilings on what a foreign hash may cost, the bound on
// how many hashes are computed at once, and the password policy with its lists. It refuses to
// know users, attempts and lockouts: those are the callers' rules. It never logs.
//
// Passwords are compared in Unicode normalisation form C, so that one password typed on two
// keyboards is one password. Nothing is trimmed, truncated or otherwise changed.
package password
