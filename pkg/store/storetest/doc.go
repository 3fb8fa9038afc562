// Package storetest is the conformance suite of the store contract: Run checks every promise
// of pkg/store's doc comments on one adapter, races included.
//
// There are no options and nothing can be left out: an adapter passes all of it or is no
// store. The package knows nothing of any adapter, and checks nothing that the contract does
// not promise. All times lie in the year 2100, far from any clock, so that a store that reads
// its own clock, or lets the database expire records, shows it.
package storetest
