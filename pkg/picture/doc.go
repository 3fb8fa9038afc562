// Package picture keeps the pictures that accounts show. It takes what a user sends apart and
// makes a new picture of its pixels: nothing of the file itself, its name or what it says of
// itself is kept. A picture is a blob under a random id, which never changes; another picture
// gets another id.
//
// It refuses everything but PNG, JPEG, WebP and GIF, knows no HTTP, and fetches nothing from
// anywhere. Who may show a picture is account's business.
package picture
