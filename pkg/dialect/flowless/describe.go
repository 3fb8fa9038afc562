package flowless

// Description returns what this dialect says of itself, as a part of an OpenAPI 3.1 document in
// YAML: tags, paths and components.
func Description() string { return "paths: {}" }
