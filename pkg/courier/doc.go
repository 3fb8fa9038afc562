// Package courier carries out messages that wait in the store: it finds the words, keeps to
// what one recipient may get, and hands the letter to a carrier.
//
// A message is dropped when what it offers is over, when its recipient has had enough, and
// when the carrier says that it will never be taken. In all other cases it refuses to lose
// one: what fails comes again. It logs neither addresses nor what a message says.
package courier
