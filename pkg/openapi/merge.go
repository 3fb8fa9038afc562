package openapi

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

//go:embed base.yaml
var base string

// Part is what one dialect says of itself.
type Part struct {
	Name string // of the dialect, for messages
	YAML string // tags, paths and components of an OpenAPI 3.1 document
	At   string // the path below which its paths are; empty means none
}

// Merge puts parts behind what they share and returns the whole as JSON, in the order in which
// it was written. A name that two of them use is an error, and so is a part that has more than
// tags, paths and components.
func Merge(publicURL string, parts ...Part) ([]byte, error) {
	whole, err := parse(base)
	if err != nil {
		return nil, fmt.Errorf("openapi: base: %w", err)
	}
	whole = set(whole, "servers", []any{yaml.MapSlice{{Key: "url", Value: publicURL}}})
	for _, p := range parts {
		doc, err := parse(p.YAML)
		if err != nil {
			return nil, fmt.Errorf("openapi: %s: %w", p.Name, err)
		}
		if whole, err = add(whole, below(p.At, doc)); err != nil {
			return nil, fmt.Errorf("openapi: %s: %w", p.Name, err)
		}
	}
	return encode(nil, whole)
}

// below puts the paths of a part where it is mounted.
func below(at string, part yaml.MapSlice) yaml.MapSlice {
	paths, ok := get(part, "paths").(yaml.MapSlice)
	if at == "" || !ok {
		return part
	}
	for i := range paths {
		paths[i].Key = at + fmt.Sprint(paths[i].Key)
	}
	return set(part, "paths", paths)
}

func parse(text string) (yaml.MapSlice, error) {
	var doc yaml.MapSlice
	if err := yaml.UnmarshalWithOptions([]byte(text), &doc, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	return doc, nil
}

func add(whole, part yaml.MapSlice) (yaml.MapSlice, error) {
	for _, item := range part {
		var joined any
		var err error
		switch item.Key {
		case "tags":
			joined, err = joinTags(get(whole, "tags"), item.Value)
		case "paths":
			joined, err = join(get(whole, "paths"), item.Value)
		case "components":
			joined, err = joinEach(get(whole, "components"), item.Value)
		default:
			err = fmt.Errorf("%v is not for a part to say", item.Key)
		}
		if err != nil {
			return nil, err
		}
		whole = set(whole, item.Key, joined)
	}
	return whole, nil
}

// join returns the members of two objects, which share none.
func join(have, more any) (yaml.MapSlice, error) {
	out, ok := have.(yaml.MapSlice)
	added, isMap := more.(yaml.MapSlice)
	if have != nil && !ok || !isMap {
		return nil, fmt.Errorf("want an object, not %v", more)
	}
	for _, item := range added {
		if get(out, item.Key) != nil {
			return nil, fmt.Errorf("%v is there already", item.Key)
		}
		out = append(out, item)
	}
	return out, nil
}

// joinEach joins the members of each member: schemas with schemas, responses with responses.
func joinEach(have, more any) (yaml.MapSlice, error) {
	out, _ := have.(yaml.MapSlice)
	kinds, ok := more.(yaml.MapSlice)
	if !ok {
		return nil, fmt.Errorf("want an object, not %v", more)
	}
	for _, kind := range kinds {
		joined, err := join(get(out, kind.Key), kind.Value)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", kind.Key, err)
		}
		out = set(out, kind.Key, joined)
	}
	return out, nil
}

func joinTags(have, more any) ([]any, error) {
	out, _ := have.([]any)
	tags, ok := more.([]any)
	if !ok {
		return nil, fmt.Errorf("want a list of tags, not %v", more)
	}
	name := func(tag any) any {
		t, _ := tag.(yaml.MapSlice)
		return get(t, "name")
	}
	for _, tag := range tags {
		if slices.ContainsFunc(out, func(other any) bool { return name(other) == name(tag) }) {
			return nil, fmt.Errorf("the tag %v is there already", name(tag))
		}
		out = append(out, tag)
	}
	return out, nil
}

func get(m yaml.MapSlice, key any) any {
	for _, item := range m {
		if item.Key == key {
			return item.Value
		}
	}
	return nil
}

func set(m yaml.MapSlice, key, value any) yaml.MapSlice {
	for i := range m {
		if m[i].Key == key {
			m[i].Value = value
			return m
		}
	}
	return append(m, yaml.MapItem{Key: key, Value: value})
}
