// Package audit owns the audit log: it turns security-relevant events into consequences of
// the changes they describe, chains them with a keyed hash, verifies the chain and exports
// it (OWASP ASVS 5.0 16.2.1, 16.4.2).
//
// Each entry's hash covers its place, the hash before it and the event. Without the key
// nobody can alter, insert, delete, reorder or repeat entries unnoticed; only cutting off
// the newest ones leaves a whole chain, which a Head kept elsewhere brings to light.
//
// It refuses to decide what is recorded: services do, in the same write as the change.
package audit
