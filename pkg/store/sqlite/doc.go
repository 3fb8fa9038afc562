// Package sqlite keeps the records of one node in one SQLite file.
//
// It owns the file: its permissions, its schema, the settings of every connection and the
// order of writes. One goroutine writes; writes that wait for it share one transaction and
// one fsync (group commit), and nobody is answered before that transaction is on disk.
// Reads run beside it, each on a snapshot, and never wait for a write.
//
// It refuses a file it cannot trust: a damaged one, one of a newer schema, one that belongs
// to another program, a symbolic link, a file on a network filesystem. It never puts a new
// database where a broken one is.
//
// Several processes may have the file open (the command line beside the server); of servers
// there may be one, see [Store.LockExclusive].
package sqlite
