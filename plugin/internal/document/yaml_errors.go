package document

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// plainYAMLError says what the decoders found in words that need no Go, and
// without values that may be long or secret.
func plainYAMLError(err error) string {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		text := fmt.Sprintf("%s is expected, not %s", expected(wrongType), found(wrongType.Value))
		if wrongType.Field != "" {
			// An embedded struct is no part of the document.
			return strings.ReplaceAll(wrongType.Field, ".Source.", ".") + ": " + text
		}
		return text
	}
	var noBase64 base64.CorruptInputError
	if errors.As(err, &noBase64) {
		return "bodyBase64 and descriptorSet are base64, and one of them is not: make it with base64 -w0 FILE"
	}
	s := strings.ReplaceAll(err.Error(), "\n", " ")
	for _, prefix := range []string{"error unmarshaling JSON: ", "error converting YAML to JSON: ", "while decoding JSON: ", "json: ", "yaml: ", "unmarshal errors: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return strings.TrimSpace(s)
}

// expected names what may stand where something else did.
func expected(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind() {
	case reflect.Slice:
		if e.Type.Elem().Kind() == reflect.Uint8 {
			return "text in base64"
		}
		return "a list"
	case reflect.Struct, reflect.Map:
		return "a mapping"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		if strings.HasPrefix(e.Value, "number ") && strings.Trim(e.Value, "number -0123456789") == "" {
			return "a smaller number"
		}
		return "a whole number"
	case reflect.Uint64:
		return "a whole number of 0 or more"
	}
	return "a number"
}

// found names what stood there, in the decoder's words: a kind, or a number with
// its digits.
func found(value string) string {
	switch value {
	case "string":
		return "text"
	case "number":
		return "a number"
	case "object":
		return "a mapping"
	case "array":
		return "a list"
	case "bool":
		return "true or false"
	}
	return strings.TrimPrefix(value, "number ")
}
