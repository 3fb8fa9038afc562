package arguflow

import (
	_ "embed" // the description of the dialect
	"strings"
)

//go:embed openapi.yaml
var description string

// Description returns what this dialect says of itself, as a part of an OpenAPI 3.1 document in
// YAML: tags, paths and components. Paths are relative to where the dialect is mounted; cookie is
// the name of its cookie.
func Description(cookie string) string { return strings.ReplaceAll(description, "ai-editor", cookie) }
