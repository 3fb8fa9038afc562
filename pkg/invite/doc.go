// Package invite owns invitations: making, listing, re-sending and revoking them, and the
// redemption that turns one use into one account.
//
// A redemption is three atomic writes with the account's in the middle: reserve a use, insert
// the account as provisional, confirm the use and make the account good. Whatever stops a
// process in between, Settle and Repair finish or undo on any node within a minute, and no
// code ever yields more accounts than it has uses. It does not create accounts (account,
// signin) and does not deliver codes.
package invite
