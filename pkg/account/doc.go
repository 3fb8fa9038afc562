// Package account owns the rules about one account: what a new one must look like, what its
// holder may change, how its password changes, and how it ends.
//
// It does not sign anybody in (signin), start or renew sessions (session) or hand out
// invitations (invite).
package account
