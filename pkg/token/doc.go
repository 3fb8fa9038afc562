// Package token mints and verifies RS256 JSON Web Tokens: access tokens in the profile of
// RFC 9068 (typ at+jwt), and trust tokens, which tell a server that a session was good.
//
// It owns the claims, the header and every check a token must pass, in one function for each
// kind that all callers share. It chooses no key, knows no user and keeps no state; anything
// else (refresh tokens, API keys, codes) is no business of its own.
package token
