package httpkit

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// Binding returns the header that has a browser keep, for age, what binds something to it; no age
// removes it.
func Binding(name, value string, age time.Duration, secure bool) string {
	c := http.Cookie{ //nolint:gosec // secure is what the public URL is
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second), HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
	if age <= 0 {
		c.MaxAge = -1
	}
	return c.String()
}

// ForeignForm returns the fields of a form that another site had a browser post, none of them
// twice. Nothing of it is believed, and no cookie came along: it is for answers that are checked
// by what is in them.
func ForeignForm(r *http.Request) (url.Values, error) {
	if !isMediaType(r, "application/x-www-form-urlencoded") {
		return nil, errFormType
	}
	values, err := readFields(r)
	if err != nil {
		return nil, err
	}
	for name, all := range values {
		if len(all) > 1 {
			return nil, fault.InvalidField(name, "duplicate_field", "the field is given twice")
		}
	}
	return values, nil
}
