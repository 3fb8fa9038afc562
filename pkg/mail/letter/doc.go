// Package letter finds the words for a message: in the reader's language, as text and as
// HTML, from templates that an operator may replace.
//
// Everything in a message is somebody's text. The package refuses to let it be more than
// that: it never reaches a header, HTML escapes it, control characters are gone, and what
// looks like a link is not shown where a name is expected (OWASP ASVS 5.0 1.3.1, 1.2.1).
package letter
