package native

import (
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// given is an optional member of a request with its name.
type given struct {
	name  string
	value *string
}

// forbid refuses members that the credential at hand has no use for.
func forbid(members ...given) error {
	for _, m := range members {
		if m.value != nil {
			return fault.InvalidField(m.name, "unknown_field", "this credential does not take "+m.name)
		}
	}
	return nil
}

// require returns the one member that was given, and refuses none and several.
func require(members ...given) (string, error) {
	var found []string
	names := make([]string, 0, len(members))
	for _, m := range members {
		names = append(names, m.name)
		if m.value != nil && *m.value != "" {
			found = append(found, *m.value)
		}
	}
	if len(found) != 1 {
		return "", fault.InvalidField(members[0].name, "required", "send exactly one of: "+strings.Join(names, ", "))
	}
	return found[0], nil
}
