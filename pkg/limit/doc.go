// Package limit counts attempts and says when there were too many.
//
// A Guard protects what must not be guessed or flooded (sign-in, registration, mails,
// codes): its counts are durable, atomic and shared by all nodes, and move before the
// expensive work begins. A Fairness keeps one caller of a cheap endpoint from crowding out
// the others: its counts live in the memory of one node, so that a read never costs a write.
//
// It refuses to know who a subject is or what is being attempted; the caller names both. A
// subject must be canonical, or one person has several budgets (OWASP ASVS 5.0 6.3.1).
package limit
