// Package locale owns the languages that people are spoken to in: which one a reader prefers,
// what a key says in it, and how it writes a date.
//
// The texts stand in text/LANGUAGE/AREA.json, one object of keys and texts per area; a key
// begins with its area's name. A placeholder is written {so}. The package refuses markup:
// every text and every value is plain text, and whoever puts it into HTML escapes it.
package locale
