// Package dialecttest runs HTTP scenarios, written as data, against a whole service on a
// loopback port: over each kind of store, with a clock that the test moves, and with as many
// nodes on one store as it wants.
//
// It is test support: it asserts, and owns no behaviour.
package dialecttest
