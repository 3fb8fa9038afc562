// Package session owns what happens between signing in and signing out: starting a session,
// renewing it by refresh token, recognising an access token, ending one or many.
//
// It decides lifetimes, rotation and reuse detection, and whether a session still lives. It
// does not check passwords (signin) and does not know how a session travels: header, cookie
// or body is the dialect's business.
package session
