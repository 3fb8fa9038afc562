// Package token mints and verifies access tokens: RS256 JSON Web Tokens in the profile of
// RFC 9068 (typ at+jwt).
//
// It owns the claims, the header and every check a token must pass, in one function that all
// callers share. It chooses no key, knows no user and keeps no state; anything that is not
// an access token (refresh tokens, API keys, codes) is no business of its own.
package token
