// Package openapi puts the descriptions of all dialects together into one OpenAPI 3.1 document
// and serves it with a page to try it on.
//
// Each dialect describes itself in a YAML file beside its routes: tags, paths and components.
// What all of them share (security schemes, problem answers, headers) is in base.yaml here.
// This package knows no route and no dialect; pkg/openapi/openapitest holds what is written to
// what is true.
//
// How a route is added: a line in the dialect's Routes, and its operation in the dialect's
// openapi.yaml, with the security that its Access asks for (Public: {} and apiKey; Key: apiKey;
// Scope: apiKey with that scope; Bearer: bearer; Admin: bearer with admin), every status it can
// answer, and closed schemas. The dialect's tests then fail until both agree, and until every
// answer they see is as described.
//
// How a dialect is added: an openapi.yaml that it embeds and returns from Description, one
// openapi.Part in pkg/app, and a test that calls openapitest.Routes. Names of tags, paths,
// operations and components are shared with the other dialects; a second use is an error.
package openapi
