// Package smtp carries letters to a mail server (RFC 5321), one connection each.
//
// It refuses to send in the clear what was to be encrypted: a server that does not offer
// STARTTLS, or whose certificate is not right, gets neither password nor letter. It keeps no
// queue; after a failure it lets the server rest instead of letting others wait for it.
package smtp
