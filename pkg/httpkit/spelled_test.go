package httpkit_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

type spelledRequest struct {
	LastName string `json:"lastName"`
	Age      int    `json:"age"`
	Date     string `json:"dob"`
}

var spellings = httpkit.Spellings{
	Same:     map[string]string{"last_name": "lastName", "surname": "lastName"},
	Services: map[string]string{"dob": "birthDate"},
	Ignored:  []string{"is_verified"},
}

// answer sends a body to a handler that refuses the field a service would call refuse.
func answer(body, refuse string) (spelledRequest, error) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	var got spelledRequest
	_, err := httpkit.Spelled(spellings, func(_ *httpkit.Call, q spelledRequest) (httpkit.Reply, error) {
		got = q
		if refuse != "" {
			return httpkit.Reply{}, fault.InvalidField(refuse, "invalid", refuse+" is bad")
		}
		return httpkit.Reply{}, nil
	})(&httpkit.Call{Request: r})
	return got, err
}

func TestMembersAreReadInEverySpelling(t *testing.T) {
	for name, body := range map[string]string{
		"its own": `{"lastName":"L"}`, "one more": `{"last_name":"L"}`, "yet another": `{"surname":"L"}`,
		"two spellings of one value": `{"surname":"L","last_name": "\u004c","lastName":"L"}`,
		"with what is read past":     `{"surname":"L","is_verified":{"a":[1]}}`,
	} {
		if got, err := answer(body, ""); err != nil || got.LastName != "L" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// TestOfTwoBadMembersItIsAlwaysTheSameThatIsNamed, so that a client may be debugged.
func TestOfTwoBadMembersItIsAlwaysTheSameThatIsNamed(t *testing.T) {
	for body, want := range map[string]string{
		`{"surname":1,"age":"x"}`:                    "age",
		`{"surname":1,"last_name":1,"age":2}`:        "surname",
		`{"z":1,"y":1,"x":1}`:                        "x",
		`{"surname":1,"last_name":2,"lastName":"L"}`: "lastName",
	} {
		for range 30 {
			_, err := answer(body, "")
			if fields := fault.From(err).Fields; len(fields) != 1 || fields[0].Field != want {
				t.Fatalf("%s: got %v, want %s", body, err, want)
			}
		}
	}
}

func TestRefusalsNameMembersAsTheCallerDoes(t *testing.T) {
	for _, c := range []struct {
		name, body, refuse string
		want               fault.Field
	}{
		{
			name: "a member in two spellings with two values", body: `{"lastName":"L","last_name":"M"}`,
			want: fault.Field{Field: "lastName", Code: "duplicate_field", Message: "the field is given in two spellings with two values"},
		},
		{name: "a member twice", body: `{"age":1,"age":2}`, want: fault.Field{Field: "age", Code: "duplicate_field", Message: "the field is given twice"}},
		{name: "a member of no request", body: `{"role":"x"}`, want: fault.Field{Field: "role", Code: "unknown_field", Message: "there is no such field here"}},
		{name: "a member in another case", body: `{"LASTNAME":"x"}`, want: fault.Field{Field: "LASTNAME", Code: "unknown_field", Message: "there is no such field here"}},
		{
			name: "a wrong type in another spelling", body: `{"last_name":1}`,
			want: fault.Field{Field: "last_name", Code: "wrong_type", Message: "the value has the wrong type or is out of range"},
		},
		{name: "what a service refuses, in another spelling", body: `{"surname":"L"}`, refuse: "lastName", want: fault.Field{Field: "surname", Code: "invalid", Message: "surname is bad"}},
		{name: "what a service calls otherwise", body: `{"dob":"x"}`, refuse: "birthDate", want: fault.Field{Field: "dob", Code: "invalid", Message: "dob is bad"}},
		{name: "what a service misses", body: `{}`, refuse: "birthDate", want: fault.Field{Field: "dob", Code: "invalid", Message: "dob is bad"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := answer(c.body, c.refuse)
			fields := fault.From(err).Fields
			if len(fields) != 1 {
				t.Fatalf("got %v", err)
			}
			if d := cmp.Diff(c.want, fields[0]); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestASpelledBodyIsOneObject(t *testing.T) {
	for _, body := range []string{``, `[]`, `null`, `{"lastName":`, `{} {}`, strings.Repeat(`{"a":`, 20) + `1` + strings.Repeat(`}`, 20)} {
		if _, err := answer(body, ""); fault.From(err).Kind != fault.Invalid {
			t.Errorf("%q gives %v", body, err)
		}
	}
}

// FuzzSpelled holds that whatever is sent is read or refused with a 4xx, and that a member that is
// read past changes nothing.
func FuzzSpelled(f *testing.F) {
	for _, body := range []string{`{"lastName":"L","age":3}`, `{"last_name":"L"}`, `{"is_verified":1}`, `{"a":{"b":[]}}`, `{"lastName":"\ud800"}`, `{"":1}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		_, err := answer(body, "")
		if err == nil {
			return
		}
		if f := fault.From(err); f.Kind == fault.Internal || f.Code == "" {
			t.Fatalf("%q gives %v", body, err)
		}
	})
}
