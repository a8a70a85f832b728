package smp

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// object is a mapping of the file. Its fields are found by their plain name: in
// lower case and without underscores, for producers spell them in several ways.
// What is read is taken out, so that in the end the unknown is left.
type object struct {
	r      *reader
	path   string // such as test.clients[0], "" at the top
	fields map[string]field
	wrong  bool // it is no mapping, which is reported
}

// field is one entry as the file has it.
type field struct {
	key   string
	value any
}

// pair is an entry of a map of texts.
type pair struct{ name, value string }

func plain(key string) string {
	return strings.ToLower(strings.ReplaceAll(key, "_", ""))
}

// object makes v one; what is none is reported and empty. A field that is null
// counts as absent.
func (r *reader) object(path string, v any) *object {
	o := &object{r: r, path: path, fields: map[string]field{}}
	m, ok := v.(map[string]any)
	if !ok {
		r.fail("%s is not a mapping of fields to values", o.where(""))
		o.wrong = true
		return o
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		name := plain(key)
		if twin, ok := o.fields[name]; ok {
			r.fail("%s: %q and %q are one field: keep one of them", o.where(""), twin.key, key)
		}
		if m[key] != nil {
			o.fields[name] = field{key, m[key]}
		}
	}
	return o
}

// where is the path of a field of o, or of o itself.
func (o *object) where(key string) string {
	switch {
	case o.path == "" && key == "":
		return "the file"
	case o.path == "":
		return key
	case key == "":
		return o.path
	}
	return o.path + "." + key
}

func (o *object) has(name string) bool {
	_, ok := o.fields[name]
	return ok
}

func (o *object) take(name string) (field, bool) {
	f, ok := o.fields[name]
	delete(o.fields, name)
	return f, ok
}

// text is "" where there is none.
func (o *object) text(name string) string {
	f, ok := o.take(name)
	if !ok {
		return ""
	}
	s, ok := f.value.(string)
	if !ok {
		o.r.fail("%s is not text: put it into quotes", o.where(f.key))
	}
	return s
}

// number is one from 0 to most, 0 where there is none. Protobuf's JSON writes
// large numbers as text, so that is read too.
func (o *object) number(name string, most float64) (v float64, key string) {
	f, ok := o.take(name)
	if !ok {
		return 0, ""
	}
	switch n := f.value.(type) {
	case int:
		v = float64(n)
	case int64:
		v = float64(n)
	case uint64:
		v = float64(n)
	case float64:
		v = n
	case string:
		parsed, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			parsed = -1
		}
		v = float64(parsed)
	default:
		v = -1
	}
	if !(v >= 0 && v <= most) {
		o.r.fail("%s is not a number from 0 to %s", o.where(f.key), strconv.FormatFloat(most, 'f', -1, 64))
		return 0, f.key
	}
	return v, f.key
}

// whole is a number without a fraction.
func (o *object) whole(name string, most float64) (v int, key string) {
	n, key := o.number(name, most)
	if n != math.Trunc(n) {
		o.r.fail("%s is not a whole number", o.where(key))
	}
	return int(n), key
}

// texts are the entries of a map, by name. They may hold credentials, so messages
// quote none.
func (o *object) texts(name string) []pair {
	f, ok := o.take(name)
	if !ok {
		return nil
	}
	m, ok := f.value.(map[string]any)
	if !ok {
		o.r.fail("%s is not a mapping of names to texts", o.where(f.key))
		return nil
	}
	var out []pair
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if m[key] == nil {
			continue
		}
		s, ok := m[key].(string)
		if !ok {
			o.r.fail("%s has a value that is not text: put it into quotes", o.where(f.key))
			return nil
		}
		out = append(out, pair{key, s})
	}
	return out
}

// list is what a field holds, one or several.
func (o *object) list(name string) (values []any, key string) {
	f, ok := o.take(name)
	if !ok {
		return nil, ""
	}
	if l, ok := f.value.([]any); ok {
		return l, f.key
	}
	return []any{f.value}, f.key
}

// drop takes fields that mean nothing to a Test, and returns those that hold
// something.
func (o *object) drop(names ...string) []string {
	var found []string
	for _, name := range names {
		f, ok := o.take(name)
		if !ok {
			continue
		}
		switch v := f.value.(type) {
		case string:
			ok = v != ""
		case bool:
			ok = v
		case map[string]any:
			ok = len(v) > 0
		case []any:
			ok = len(v) > 0
		}
		if ok {
			found = append(found, o.where(f.key))
		}
	}
	return found
}

// end reports the fields that nobody took.
func (o *object) end() {
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		o.r.fail("%s: unknown field %q", o.where(""), o.fields[name].key)
	}
}
