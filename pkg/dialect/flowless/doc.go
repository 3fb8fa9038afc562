// Package flowless answers the Flowless dialect: sessions that are held by their id, in answers
// that carry the fields of both documents the dialect has. It owns the dialect's routes,
// spellings and error texts; every rule is the services'.
//
// It refuses what its documents do not have: members by other names get a 400 that names them.
// Members that clients send along with what they change, such as is_verified, change nothing.
package flowless
