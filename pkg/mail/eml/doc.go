// Package eml writes a letter as an Internet message (RFC 5322, RFC 2045): the same bytes for
// the same letter, whoever carries it.
//
// It refuses a letter that is not what the contract says: with a recipient who is none, or
// with a line break where a header goes.
package eml
