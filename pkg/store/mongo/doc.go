// Package mongo keeps the records of the store contract in MongoDB, for any number of nodes.
//
// It uses what MongoDB, Amazon DocumentDB, Azure Cosmos DB and FerretDB have in common: atomic
// writes to one document, and an _id that is unique. There is no transaction, no unique index
// but _id, no partial index, no change stream and no update written as a pipeline, so every
// collection shards by _id. Writes are acknowledged by a majority and reads see only what a
// majority has. A server's clock is never asked, a TTL index only collects garbage.
//
// # Records
//
// An entity lies in its collection with its own fields at the top level, under its id as _id.
// Beside them stand the store's own: pending, the consequences not carried out yet, and call, a
// random mark of the call that wrote last. Every change names in its filter the state it starts
// from (rev, counter, ended_at, ...), and sets fields without touching pending but to add to it;
// so a relay that removes a consequence is in nobody's way.
//
// A write that neither succeeded nor was refused is looked up once by its call. If the mark is
// there it has happened; if not, nobody knows, and the answer is store.ErrUnavailable.
//
// # Names
//
// A name is unique because it is the _id of a claim in the collection identifiers. It belongs
// to a user only while both agree: the claim names the user and the user lists the name. So
// neither half of a registration that was cut short means anything:
//
//   - A claim that is older than store.ClaimTimeout and whose user does not list the name (or
//     does not exist) is void. Whoever wants the name takes the claim over by compare-and-set
//     on the very claim it read: its call and whether it was confirmed.
//   - A user is written after its claims and confirms them after that. One who stalled between
//     the two for so long that a claim was taken over finds it gone and takes the user back.
//     From the confirmation on nobody takes the claim over, for the user lists the name.
//   - A name that a user drops is first unconfirmed, then dropped, then released, so that a
//     crash in between leaves a claim the sweep looks at: it looks at those not confirmed.
//     A release names the highest revision it speaks of (claims carry the revision that lists
//     the name), so it cannot remove a claim made when the user took the name back.
//   - A new user carries check_at until a sweep has seen all its names to be its own; one whose
//     names are not is what a taken-over registrar left behind, and is removed.
//
// A stall ends in ErrExists, a crash in a name that is free a minute later; in no order of
// events do two accounts hold one name.
package mongo
