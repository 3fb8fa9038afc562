package httpkit

// Unexported functions that parse what comes from outside.
var (
	ReadJSON  = readJSON
	Ambiguous = ambiguous
)
