// Package mail is the contract between the services that have something to tell a person and
// whatever carries it to them: what there is to be told, how it waits for the relay, and what
// a carrier promises.
//
// A message is part of the write that causes it: it is a consequence, sealed, so that neither
// an address nor a one-time link stands in the store. It has no words yet; those are found when
// it is sent. The package sends nothing, renders nothing and knows no protocol.
package mail
