package provider

import (
	"maps"
	"slices"
)

// Set holds the configured providers by their names. The zero value and nil hold none. Safe for
// concurrent use.
type Set struct {
	byName map[string]*Provider
}

// NewSet returns a set of providers.
func NewSet(providers ...*Provider) *Set {
	s := &Set{byName: map[string]*Provider{}}
	for _, p := range providers {
		s.byName[p.Name()] = p
	}
	return s
}

// Get returns the provider of a name, or ErrUnknown.
func (s *Set) Get(name string) (*Provider, error) {
	if s == nil || s.byName[name] == nil {
		return nil, ErrUnknown
	}
	return s.byName[name], nil
}

// Names returns the names of all providers, sorted.
func (s *Set) Names() []string {
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.byName))
}
