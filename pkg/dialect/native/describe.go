package native

import _ "embed" // the description of the dialect

//go:embed openapi.yaml
var description string

// Description returns what this dialect says of itself, as a part of an OpenAPI 3.1 document in
// YAML: tags, paths and components.
func Description() string { return description }
