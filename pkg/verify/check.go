package verify

import (
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
)

// Check says whether the bearer of a good token may do what they ask for. A request that does
// not pass is answered 403.
type Check func(Claims) bool

// RequireUserType passes users whose user_type is one of those named. No type includes
// another: name both for "admin or superadmin".
func RequireUserType(types ...string) Check {
	return func(c Claims) bool { return slices.Contains(types, c.UserType) }
}

// RequireClaim passes tokens in which a claim, custom or not, has exactly this value as JSON
// has it: RequireClaim("plan", "pro"). It panics on a value that JSON cannot say, such as a
// function. A missing claim is no value, not even nil.
func RequireClaim(name string, value any) Check {
	raw, err := json.Marshal(value)
	if err != nil {
		panic("verify: RequireClaim: " + err.Error()) // when the program starts, not at a request
	}
	var want any
	_ = json.Unmarshal(raw, &want) // it has just been made
	return func(c Claims) bool {
		var all map[string]any
		if err := c.Decode(&all); err != nil {
			return false
		}
		got, there := all[name]
		return there && reflect.DeepEqual(got, want)
	}
}

func allow(c Claims, checks []Check) (Claims, error) {
	for _, passes := range checks {
		if !passes(c) {
			return Claims{}, ErrForbidden
		}
	}
	return c, nil
}
