package pages

import "strings"

// email returns the address as it was meant: pasting adds spaces.
func (v visit) email() string { return strings.TrimSpace(v.Get(fieldEmail)) }

func (v visit) emailField() *field {
	return &field{Name: fieldEmail, Label: v.Text("pages.label.email"), Type: "email", Autocomplete: "username", Value: v.Get(fieldEmail)}
}

// passwordField has no bound of its own: what is too long is said, not cut off.
func (v visit) passwordField(name, autocomplete string) *field {
	f := &field{Name: name, Label: v.Text("pages.label.password"), Type: "password", Autocomplete: autocomplete}
	if autocomplete == "new-password" {
		f.Hint = v.Text("pages.hint.password")
	}
	return f
}
