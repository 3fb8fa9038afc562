// Package config owns what an operator can set: one struct, read from GATEHOUSE_* variables
// and optionally from a file, with a usable default for everything.
//
// It refuses to guess. A value that is not allowed, a pair of values that contradict each
// other and a variable nobody knows are all reported at once, each with its name and what is
// allowed; a secret is never part of such a report. Only app and cmd read a Config: services
// are given the few values they need.
package config
