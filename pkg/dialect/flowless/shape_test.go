package flowless_test

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// anyString stands for a text that only has to be there.
const anyString = "any string"

// differences returns where an answer is not as documented. It may have more members; each that
// is documented must be there, of its type, and where the request names the value, with it.
func differences(at string, want, got any, john string) []string {
	wrong := func(format string, args ...any) []string { return []string{at + ": " + fmt.Sprintf(format, args...)} }
	switch want := want.(type) {
	case map[string]any:
		members, ok := got.(map[string]any)
		if !ok {
			return wrong("got %v, want an object", got)
		}
		var all []string
		for _, name := range slices.Sorted(maps.Keys(want)) {
			v, there := members[name]
			if !there {
				all = append(all, at+"."+name+": is missing")
				continue
			}
			all = append(all, differences(at+"."+name, want[name], v, john)...)
		}
		return all
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) < len(want) {
			return wrong("got %v, want a list of %d", got, len(want))
		}
		var all []string
		for i, v := range list {
			if len(want) > 0 {
				all = append(all, differences(at+"."+strconv.Itoa(i), want[0], v, john)...)
			}
		}
		return all
	case string:
		text, ok := got.(string)
		if !ok {
			return wrong("got %v, want a text such as %q", got, want)
		}
		if problem := differentText(want, text, john); problem != "" {
			return wrong("got %q, want %s", text, problem)
		}
	case float64:
		if _, ok := got.(float64); !ok {
			return wrong("got %v, want a number", got)
		}
	default: // true, false and null mean what they say
		if got != want {
			return wrong("got %v, want %v", got, want)
		}
	}
	return nil
}

// differentText says what a text should be, if it is something else.
func differentText(want, got, john string) string {
	is := func(ok bool, what string) string {
		if ok {
			return ""
		}
		return what
	}
	switch _, err := time.Parse(time.RFC3339, want); {
	case err == nil:
		return is(isUTC(got), "a time in UTC")
	case strings.HasPrefix(want, "ses_"):
		return is(strings.HasPrefix(got, "ses_") && len(got) > 40, "the id of a session")
	case strings.HasPrefix(want, "usr_"):
		return is(got != "" && (got == john || john == ""), "John's id "+john)
	case strings.HasPrefix(want, "https://"):
		u, err := url.Parse(got)
		return is(err == nil && u.IsAbs() && u.Host != "", "an absolute URL")
	case want == "192.168.1.1":
		_, err := netip.ParseAddr(got)
		return is(err == nil, "an IP address")
	case want == "Mozilla/5.0...", want == "desktop", want == "cloud_config", want == "trust_abc123xyz", want == anyString:
		return is(got != "", "a text")
	}
	return is(got == want, strconv.Quote(want))
}

func isUTC(s string) bool {
	at, err := time.Parse(time.RFC3339, s)
	return err == nil && strings.HasSuffix(s, "Z") && at.Year() > 2000
}

// twins are the spellings of one member of a user. Where there is one there are all.
var twins = [][]string{
	{"last_name", "lastName"}, {"user_name", "userName", "username"}, {"user_type", "userType"}, {"is_verified", "isVerified"},
	{"two_factor", "twoFactor"}, {"created_at", "createdAt"}, {"updated_at", "updatedAt"},
}

// unsound returns what no answer may have: users whose spellings disagree, and times that are
// not in UTC.
func unsound(at string, v any) (wrong []string) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			wrong = append(wrong, unsound(at+"."+strconv.Itoa(i), e)...)
		}
	case map[string]any:
		for name, e := range v {
			wrong = append(wrong, unsound(at+"."+name, e)...)
			isTime := strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "At") || name == "timestamp"
			if text, _ := e.(string); isTime && e != nil && !isUTC(text) {
				wrong = append(wrong, fmt.Sprintf("%s.%s: got %v, want a time in UTC", at, name, e))
			}
		}
		if v["email"] == nil || v["id"] == nil {
			return wrong // no user
		}
		for _, names := range twins {
			there := 0
			for _, name := range names {
				if e, ok := v[name]; ok {
					there++
					if !reflect.DeepEqual(e, v[names[0]]) {
						wrong = append(wrong, fmt.Sprintf("%s: %s is %v and %s is %v", at, name, e, names[0], v[names[0]]))
					}
				}
			}
			if there > 0 && there < len(names) {
				wrong = append(wrong, fmt.Sprintf("%s: has not all of %s", at, strings.Join(names, ", ")))
			}
		}
	}
	return wrong
}

// replace puts a value in the place of what is there.
func replace(v any, path []string, value any) bool {
	switch in := v.(type) {
	case map[string]any:
		if _, there := in[path[0]]; !there {
			return false
		}
		if len(path) == 1 {
			in[path[0]] = value
			return true
		}
		return replace(in[path[0]], path[1:], value)
	case []any:
		i, err := strconv.Atoi(path[0])
		return err == nil && i < len(in) && len(path) > 1 && replace(in[i], path[1:], value)
	}
	return false
}

// keys returns the names of an object's members in order.
func keys(t *testing.T, v any) string {
	t.Helper()
	members, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%v is no object", v)
	}
	return strings.Join(slices.Sorted(maps.Keys(members)), " ")
}

// member returns what is at a path of members and places in lists, nil if nothing is.
func member(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// TestTheComparisonFindsWhatIsWrong gives it answers that are not as documented.
func TestTheComparisonFindsWhatIsWrong(t *testing.T) {
	const documented = `{"success":true,"user":{"id":"usr_abc123","picture":null,"created_at":"2025-12-07T10:00:00Z"},"list":[{"n":1}],"sessionId":"ses_xyz789"}`
	const good = `{"success":true,"more":1,"user":{"id":"me","picture":null,"created_at":"2026-01-01T00:00:00.5Z"},"list":[{"n":2},{"n":3}],"sessionId":"ses_0123456789012345678901234567890123456789"}`
	if wrong := differences("answer", tree(t, documented), tree(t, good), "me"); len(wrong) > 0 {
		t.Errorf("a good one: %q", wrong)
	}
	for from, to := range map[string]string{
		`"success":true`: `"success":false`, `"picture":null,`: ``, `"picture":null`: `"picture":""`, `"id":"me"`: `"id":"you"`, `00.5Z"`: `00+00:00"`,
		`[{"n":2},{"n":3}]`: `[]`, `{"n":3}`: `{"n":"3"}`, `"ses_0123`: `"0123`, `{"id":"me"`: `{"ID":"me"`, `"list":[`: `"List":[`,
	} {
		bad := strings.Replace(good, from, to, 1)
		if wrong := differences("answer", tree(t, documented), tree(t, bad), "me"); bad == good || len(wrong) != 1 {
			t.Errorf("%s: %q", bad, wrong)
		}
	}
	for _, bad := range []string{
		`{"id":"x","email":"y","lastName":null}`, `{"id":"x","email":"y","last_name":"a","lastName":"b"}`, `[{"created_at":"2026-01-01T00:00:00+01:00"}]`, `{"timestamp":1}`,
	} {
		if len(unsound("answer", tree(t, bad))) == 0 {
			t.Errorf("%s is found sound", bad)
		}
	}
}
