package document

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// Defaults of a Test.
const (
	DefaultRate        = Rate(10)
	DefaultConnections = 16
	DefaultDuration    = Duration(30 * time.Second)
	DefaultWarmup      = Duration(3 * time.Second)
	DefaultTimeout     = Duration(10 * time.Second)
	DefaultInterval    = Duration(time.Second)
	DefaultStep        = Duration(5 * time.Second)
)

// ParseTest reads a Test from YAML or JSON. Unknown fields and a second document
// are errors. The Test is neither defaulted nor validated.
func ParseTest(data []byte) (*Test, error) {
	data, err := onlyDocument(data)
	if err != nil {
		return nil, err
	}
	t := &Test{Spec: Spec{Load: Load{Rate: DefaultRate}}}
	if err := yaml.UnmarshalStrict(data, t); err != nil {
		return nil, fmt.Errorf("test document: %s", plainYAMLError(err))
	}
	if t.APIVersion != APIVersion || t.Kind != KindTest {
		return nil, fmt.Errorf("test document: apiVersion %q and kind %q found, %q and %q expected",
			t.APIVersion, t.Kind, APIVersion, KindTest)
	}
	return t, nil
}

// onlyDocument is the one YAML document in data. The decoder would read the first
// and be silent about the others.
func onlyDocument(data []byte) ([]byte, error) {
	var only, current []byte
	found, content := 0, false
	end := func() {
		if content {
			found++
			only = current
		}
		current, content = nil, false
	}
	for line := range bytes.Lines(data) {
		text := bytes.TrimRight(line, "\r\n")
		rest, marker := bytes.CutPrefix(text, []byte("---"))
		marker = marker && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t')
		if marker || bytes.Equal(bytes.TrimRight(text, " \t"), []byte("...")) {
			end()
			text = rest
			if !marker {
				continue
			}
		}
		trimmed := bytes.TrimSpace(text)
		content = content || len(trimmed) > 0 && trimmed[0] != '#'
		// The marker's line stays a line, so that errors name the right one of the document.
		current = append(append(current, text...), '\n')
	}
	end()
	switch found {
	case 0:
		return nil, errors.New("test document: it is empty; docs/run.md shows one")
	case 1:
		return only, nil
	}
	return nil, fmt.Errorf("test document: %d documents stand in one file, and a run takes one: put each into a file of its own", found)
}

// plainYAMLError drops the words of the decoders that say nothing to a user.
func plainYAMLError(err error) string {
	s := err.Error()
	for _, prefix := range []string{"error unmarshaling JSON: ", "error converting YAML to JSON: ", "while decoding JSON: ", "json: ", "yaml: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return strings.ReplaceAll(s, "\n", " ")
}

// Default fills what is not given.
func (t *Test) Default() {
	t.APIVersion, t.Kind = APIVersion, KindTest
	s := &t.Spec
	if s.Target.URL != "" && !strings.Contains(s.Target.URL, "://") {
		s.Target.URL = "http://" + s.Target.URL
	}
	if s.Target.Method == "" {
		s.Target.Method = "GET"
		if s.Target.Body != "" || len(s.Target.BodyBase64) > 0 {
			s.Target.Method = "POST"
		}
	}
	setDefault(&s.Target.Timeout, DefaultTimeout)
	if s.Load.Connections == 0 {
		s.Load.Connections = DefaultConnections
	}
	setDefault(&s.Load.Duration, DefaultDuration)
	setDefault(&s.Metrics.Interval, DefaultInterval)
	if p := s.Metrics.Prometheus; p != nil {
		setDefault(&p.Step, DefaultStep)
	}
	if t.Metadata.Name == "" {
		t.Metadata.Name = nameFromURL(s.Target.URL)
	}
}

func setDefault(d *Duration, v Duration) {
	if *d == 0 {
		*d = v
	}
}

var notName = regexp.MustCompile(`[^a-z0-9.-]+`)

// nameFromURL names a Test after its target's host: "checkout" for
// http://checkout.shop:8080/.
func nameFromURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return "test"
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "ip6-" + strings.Trim(host, ":") // http://[::1]/
	} else if strings.Trim(host, "0123456789.") != "" {
		host, _, _ = strings.Cut(host, ".")
	}
	host = strings.Trim(notName.ReplaceAllString(host, "-"), "-.")
	if host == "" {
		return "test"
	}
	return host
}
