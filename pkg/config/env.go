package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// FromEnv reads the configuration from an environment as os.Environ returns it, and from the
// file that GATEHOUSE_CONFIG_FILE names; the environment wins. Every other variable is left
// alone. The error is an *Error that lists everything that is wrong.
func FromEnv(environ []string) (Config, error) {
	var problems []Problem
	from := variables{}
	for _, entry := range environ {
		if name, text, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, Prefix) && !foreign(name, text) {
			from[name] = text
		}
	}
	if file := from[Prefix+"CONFIG_FILE"]; file != "" {
		more, wrong := readConfigFile(file)
		problems = append(problems, wrong...)
		from.underlay(more)
	}
	c := Config{given: map[string]bool{}, Social: from.socials()}
	bad := map[string]bool{}
	for _, s := range c.all() {
		if p, ok := from.take(s, c.given); !ok {
			bad[s.name] = true
			problems = append(problems, p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		problems = append(problems, c.unknown(name))
	}
	if len(c.Audience) == 0 {
		c.Audience = []string{c.PublicURL}
	}
	problems = append(problems, c.contradictions(bad)...)
	return c, asError(problems)
}

// variables are the settings that have been given, by their full names.
type variables map[string]string

// underlay adds what v does not have, neither itself nor in its NAME or NAME_FILE twin.
func (v variables) underlay(more variables) {
	given := maps.Clone(v)
	for name, text := range more {
		twin, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile {
			twin = name + "_FILE"
		}
		_, has := given[name]
		if _, hasTwin := given[twin]; !has && !hasTwin {
			v[name] = text
		}
	}
}

// take moves a setting out of v into its field. It returns what is wrong and false when that
// fails; the field then has its default.
func (v variables) take(s setting, given map[string]bool) (Problem, bool) {
	name := Prefix + s.name
	if err := s.value.set(s.def); err != nil {
		return Problem{Name: name, Value: quote(s.def), Detail: "the default is wrong; want " + err.Error()}, false
	}
	text, ok := v[name]
	delete(v, name)
	if s.privacy != open {
		file := v[name+"_FILE"]
		delete(v, name+"_FILE")
		if file != "" {
			if text != "" {
				return Problem{Name: name + "_FILE", Detail: "give this or " + name + ", not both"}, false
			}
			content, err := readSecretFile(file)
			if err != nil {
				return Problem{Name: name + "_FILE", Value: quote(file), Detail: err.Error()}, false
			}
			name, text, ok = name+"_FILE", content, true
		}
	}
	if !ok {
		return Problem{}, true
	}
	given[s.name] = true
	if err := s.value.set(text); err != nil {
		return Problem{Name: name, Value: s.show(text), Detail: "want " + err.Error()}, false
	}
	return Problem{}, true
}

// show returns text as an error message may repeat it.
func (s setting) show(text string) string {
	if s.privacy == secret {
		return ""
	}
	return quote(redact(text))
}

// quote makes text fit for one line of a terminal.
func quote(text string) string {
	const enough = 200
	if len(text) > enough {
		text = text[:enough] + "..."
	}
	return fmt.Sprintf("%q", text)
}

const maxFile = 64 << 10

// readSecretFile returns what a file holds without the newline that editors put at its end.
func readSecretFile(name string) (string, error) {
	text, err := readFile(name)
	if text = strings.TrimRight(text, "\r\n"); err == nil && text == "" {
		err = errors.New("is empty")
	}
	return text, err
}

func readFile(name string) (string, error) {
	f, err := os.Open(name) //nolint:gosec // naming files is what the operator's environment is for
	if err != nil {
		return "", cause("cannot be opened", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", cause("cannot be read", err)
	}
	if len(text) > maxFile {
		return "", fmt.Errorf("is longer than %d bytes", maxFile)
	}
	return string(text), nil
}

// cause drops the file's name, which the problem shows already, from a file system error.
func cause(what string, err error) error {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", what, err)
}
