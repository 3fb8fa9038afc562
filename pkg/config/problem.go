package config

import (
	"regexp"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Name   string // the variable, as the operator wrote it
	Value  string // its value, quoted and without passwords; empty when it must not be shown
	Detail string // what is allowed, or what to do
}

// String returns the problem as one line.
func (p Problem) String() string {
	if p.Value == "" {
		return p.Name + ": " + p.Detail
	}
	return p.Name + "=" + p.Value + ": " + p.Detail
}

// Error is everything that is wrong with a configuration.
type Error struct {
	Problems []Problem // at least one
}

// Error returns one line per problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// asError returns nil when there is no problem.
func asError(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Problems: problems}
}

// foreign reports whether a variable with our prefix is not ours to read: a switch of the test
// suites, or what Kubernetes sets in every pod beside a service that is called gatehouse.
func foreign(name, text string) bool {
	name = strings.TrimPrefix(name, Prefix)
	switch {
	case strings.HasPrefix(name, "TEST_"):
		return true
	case strings.HasPrefix(name, "REQUIRE_"): // a misspelt REQUIRE_VERIFIED_EMAIL is ours to refuse
		return !strings.Contains(name, "VERIF") && !strings.Contains(name, "MAIL")
	case name == "PORT" || strings.HasSuffix(name, "_PORT"):
		return strings.Contains(text, "://") || serviceLink.MatchString(name)
	default:
		return serviceLink.MatchString(name)
	}
}

var serviceLink = regexp.MustCompile(`^(.*_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// unknown says that there is no such variable and which one may have been meant. The value
// is not shown: it may be a secret under a misspelt name.
func (c *Config) unknown(name string) Problem {
	if rest, ok := strings.CutPrefix(name, Prefix+socialPrefix); ok {
		provider, _, _ := strings.Cut(rest, "_")
		if wrong := refuseSocial(provider); wrong != "" {
			return Problem{Name: name, Detail: wrong}
		}
	}
	best, distance := "", len(name)
	for _, known := range c.names() {
		if d := editDistance(name, known); d < distance {
			best, distance = known, d
		}
	}
	if distance > (len(best)-len(Prefix))/2 { // more than half of it is wrong: nobody meant that
		return Problem{Name: name, Detail: "there is no such setting; `gatehouse config` lists them"}
	}
	return Problem{Name: name, Detail: "there is no such setting; did you mean " + best + "?"}
}

// names returns every variable that FromEnv reads.
func (c *Config) names() []string {
	var out []string
	for _, s := range c.all() {
		out = append(out, Prefix+s.name)
		if s.privacy != open {
			out = append(out, Prefix+s.name+"_FILE")
		}
	}
	return out
}

// editDistance counts the bytes to insert, delete or replace to make b out of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
