package plan

import "maps"

// merged is what a JSON merge patch makes of a document (RFC 7386, section 2):
// mappings are merged, null takes a field away, anything else replaces what was
// there. Neither argument is changed.
func merged(document any, patch map[string]any) map[string]any {
	out := map[string]any{}
	if d, ok := document.(map[string]any); ok {
		out = maps.Clone(d)
	}
	for name, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(out, name)
		case map[string]any:
			out[name] = merged(out[name], value)
		default:
			out[name] = value
		}
	}
	return out
}
