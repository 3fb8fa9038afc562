// Package openapitest holds an OpenAPI 3.1 document to what is true: to the routes of a dialect,
// and to requests and answers as they went over the wire.
//
// It is test support. It reads what our documents use of OpenAPI and says so when it meets
// anything else; that a document is valid at all is another tool's to say.
package openapitest
