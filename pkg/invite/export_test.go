package invite

// Unexported functions that parse what comes from outside.
var (
	Cursor      = cursor
	ParseCursor = parseCursor
)
