package config

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Setting is one variable as `gatehouse config` shows it. Nothing in it is secret.
type Setting struct {
	Name      string `json:"name"`
	Value     string `json:"value"`   // as it would be set, secrets masked
	Default   string `json:"default"` // what stands for an unset variable
	IsDefault bool   `json:"isDefault"`
	Meaning   string `json:"meaning"`
}

// Effective returns every setting in the order of the documentation, and what is set of identity
// providers.
func (c Config) Effective() []Setting {
	blank := Config{}
	for _, s := range c.Social {
		blank.Social = append(blank.Social, Social{Name: s.Name})
	}
	settings, plain := c.all(), blank.all()
	out := make([]Setting, 0, len(settings))
	for i, s := range settings {
		_ = plain[i].value.set(s.def) // for the form that values are shown in: 300s is 5m
		shown := Setting{
			Name:      Prefix + s.name,
			Value:     s.value.String(),
			Default:   s.def,
			IsDefault: s.value.String() == plain[i].value.String(),
			Meaning:   s.meaning,
		}
		if !shown.IsDefault || !strings.HasPrefix(s.name, socialPrefix) {
			out = append(out, shown)
		}
	}
	return out
}

// Print writes every setting as a table for a person.
func (c Config) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range c.Effective() {
		origin := "set"
		if s.IsDefault {
			origin = "default"
		}
		if s.Value == "" {
			s.Value = "(none)"
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Name, s.Value, origin, s.Meaning); err != nil {
			return fmt.Errorf("config: print: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("config: print: %w", err)
	}
	return nil
}
