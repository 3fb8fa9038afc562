// Package js holds the browser client as bytes that are ready to send: one ES module without
// dependencies, minified, and its TypeScript declarations. The same files are the npm package
// @gatehouse-id/client. It knows nothing of HTTP.
package js

import _ "embed"

//go:embed gatehouse.min.js
var module string

//go:embed gatehouse.d.ts
var types string

// Module returns the minified ES module.
func Module() string { return module }

// Types returns the TypeScript declarations of Module, which are also its documentation.
func Types() string { return types }
