package smp

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Labels that an imported Test gets beside its own.
const (
	// LabelTestID keeps the id of the SMP test, which an SMP result refers to.
	LabelTestID = "smp-test-id"
	// LabelMesh and LabelMeshVersion say which mesh the file is about.
	LabelMesh        = "mesh"
	LabelMeshVersion = "mesh-version"
)

// config is what the forms have in common.
type config struct {
	name     string
	labels   []pair
	extra    []pair // labels made of other fields; those of the file go before them
	duration document.Duration
	clients  []client
}

// ParseTest reads an SMP file as a Test, neither defaulted nor validated, but such
// that it is valid once defaulted. Fields that mean nothing to a Test are warned
// of; unknown ones are errors. Errors and warnings are one line each and quote no
// header, cookie, body, certificate or URL.
func ParseTest(data []byte) (*document.Test, []string, error) {
	top, err := decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("SMP test: %w", err)
	}
	r := &reader{}
	o := r.object("", top)
	var c config
	switch {
	case len(r.problems) > 0:
	case o.has("latenciesms"):
		r.fail("it is a result: it has latencies_ms, where a test has clients")
	case o.has("client"):
		c = readFlat(o)
	case o.has("test"):
		f, _ := o.take("test")
		c = readTest(r.object(f.key, f.value), o)
	default:
		c = readTest(o, o)
	}
	o.end()
	if err := r.err("test"); err != nil {
		return nil, r.warnings, err
	}
	t := c.test(r)
	if len(r.problems) == 0 {
		validate(r, t)
	}
	if err := r.err("test"); err != nil {
		return nil, r.warnings, err
	}
	return t, r.warnings, nil
}

// validate holds t, as it will be once defaulted, against the rules of Tests.
func validate(r *reader, t *document.Test) {
	copied := *t
	copied.Spec.Targets = slices.Clone(t.Spec.Targets)
	copied.Default()
	if err := copied.Validate(); err != nil {
		r.fail("as a Test it cannot run: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
}

// readTest reads a PerformanceTestConfig. beside is the object that mesh stands
// in: the envelope's, or o itself.
func readTest(o, beside *object) config {
	c := config{name: o.text("name"), labels: o.texts("labels")}
	smpsVersion := o.has("smpsversion")
	o.drop("smpversion", "smpsversion")
	if id := o.text("id"); id != "" {
		c.extra = append(c.extra, pair{LabelTestID, id})
	}
	c.duration = readDuration(o)
	clients, key := o.list("clients")
	if len(clients) == 0 {
		o.r.fail("%s is missing: a test has at least one", o.where("clients"))
	}
	var producers []numbering
	for i, v := range clients {
		client := o.r.object(fmt.Sprintf("%s[%d]", o.where(key), i), v)
		if client.wrong {
			continue
		}
		cl := readClient(client, func(key string) []numbering { return numberings(key, smpsVersion) })
		c.clients = append(c.clients, cl)
		for _, p := range cl.producers {
			if !slices.Contains(producers, p) {
				producers = append(producers, p)
			}
		}
	}
	c.extra = append(c.extra, readMesh(beside, producers)...)
	if o != beside {
		o.end()
	}
	return c
}

func readDuration(o *object) document.Duration {
	key := o.fields["duration"].key
	s := o.text("duration")
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		o.r.fail("%s %q is not a number above 0 with a unit such as %q", o.where(key), s, "30s")
	}
	return document.Duration(d)
}

// readMesh makes labels of what the file says about the mesh.
func readMesh(o *object, producers []numbering) []pair {
	f, ok := o.take("mesh")
	if !ok {
		return nil
	}
	value, where, version := f.value, o.where(f.key), ""
	if _, ok := value.(string); !ok {
		m := o.r.object(where, value)
		typ, _ := m.take("type")
		value, where = typ.value, m.where("type")
		if name := m.text("name"); typ.value == nil && name != "" {
			value = name
		}
		version = m.text("version")
		if left := m.drop("labels", "annotations"); len(left) > 0 {
			o.r.warn("left out, for a Test has no place for them: %s", strings.Join(left, ", "))
		}
		m.end()
	}
	name, err := mesh(value, producers)
	if err != nil {
		o.r.fail("%s: %s", where, err)
	}
	var labels []pair
	if name != "" {
		labels = append(labels, pair{LabelMesh, name})
	}
	if version != "" {
		labels = append(labels, pair{LabelMeshVersion, version})
	}
	return labels
}
