// Package apikey owns the credentials of calling applications: it makes, recognises, lists
// and revokes them, and keeps note of their last use.
//
// A credential is "pk_<id>_<secret>" or "sk_<id>_<secret>", shown once and stored as a hash.
// Keys with one name belong to one app, so an app changes its key by making a second one
// and revoking the first (OWASP ASVS 5.0 13.2.4).
//
// It refuses to decide who may make or revoke keys, and what a key opens: callers check the
// actor before, and the key's kind and scopes after. It does not know how a key travels.
package apikey
