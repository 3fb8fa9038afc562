package invite

// Unexported functions that parse what comes from outside.
var (
	Cursor      = cursor
	ParseCursor = parseCursor
)

// ParseCode is parseCode in parts.
func ParseCode(s string) (id string, hash []byte, ok bool) {
	c, ok := parseCode(s)
	return c.id, c.hash, ok
}
