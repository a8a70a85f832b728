package smp

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Result is a PerformanceTestResult. What the file does not say is zero or nil.
type Result struct {
	SMPVersion string
	ID         string
	Labels     map[string]string
	Start, End time.Time
	LatencyMs  Latency
	// ActualQPS is calls per second.
	ActualQPS                               float64
	DetailsURI, TestID, MeshConfigID, EnvID string
}

// Latency is in milliseconds.
type Latency struct {
	Min, Average, P50, P90, P99, Max *float64
}

// DetectResult tells whether data is a result of SMP, as far as its top-level
// fields say.
func DetectResult(data []byte) bool {
	var top any
	if yaml.NewDecoder(bytes.NewReader(data)).Decode(&top) != nil {
		return false
	}
	o := (&reader{}).object("", top)
	return o.has("latenciesms") || o.has("actualqps") && o.has("starttime")
}

// ParseResult reads a result, in YAML or JSON and in every spelling of its fields.
// Fields that are not SMP's are warned of.
//
// Meshery's own files of results have the texts test_smp_version and test_details
// for what they do not know, and the latencies in seconds: those are read as such.
func ParseResult(data []byte) (*Result, []string, error) {
	top, err := decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("SMP result: %w", err)
	}
	r := &reader{}
	o := r.object("", top)
	out := &Result{
		SMPVersion: first(o.text("smpversion"), o.text("smpsversion")), ID: o.text("id"),
		Start: readTime(o, "starttime"), End: readTime(o, "endtime"),
		DetailsURI: o.text("detailsuri"), TestID: o.text("testid"), MeshConfigID: o.text("meshconfigid"), EnvID: o.text("envid"),
	}
	for _, p := range o.texts("labels") {
		if out.Labels == nil {
			out.Labels = map[string]string{}
		}
		out.Labels[p.name] = p.value
	}
	if qps := readNumber(o, "actualqps", mostRate); qps != nil {
		out.ActualQPS = *qps
	}
	if f, ok := o.take("latenciesms"); ok {
		out.LatencyMs = readLatency(r.object(f.key, f.value))
	}
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		r.warn("left out, for SMP does not have it: %s", o.fields[name].key)
	}
	placeholders(r, out)
	if err := r.err("result"); err != nil {
		return nil, r.warnings, err
	}
	return out, r.warnings, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// mostMs is more than a year.
const mostMs = 1e11

func readLatency(o *object) Latency {
	l := Latency{
		Min: readNumber(o, "min", mostMs), Average: readNumber(o, "average", mostMs), Max: readNumber(o, "max", mostMs),
		P50: readNumber(o, "p50", mostMs), P90: readNumber(o, "p90", mostMs), P99: readNumber(o, "p99", mostMs),
	}
	o.end()
	return l
}

// each is every figure there is.
func (l *Latency) each() (all []*float64) {
	for _, v := range []*float64{l.Min, l.Average, l.P50, l.P90, l.P99, l.Max} {
		if v != nil {
			all = append(all, v)
		}
	}
	return all
}

func readNumber(o *object, name string, most float64) *float64 {
	if !o.has(name) {
		return nil
	}
	v, _ := o.number(name, most)
	return &v
}

// readTime reads protobuf's JSON of a time (RFC 3339), YAML's, or its seconds and
// nanos; zero where there is none.
func readTime(o *object, name string) time.Time {
	f, ok := o.take(name)
	if !ok {
		return time.Time{}
	}
	switch v := f.value.(type) {
	case time.Time:
		return v
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t
		}
	case map[string]any:
		parts := o.r.object(f.key, v)
		seconds, _ := parts.number("seconds", math.MaxInt32*100)
		nanos, _ := parts.number("nanos", 1e9-1)
		parts.end()
		return time.Unix(int64(seconds), int64(nanos)).UTC()
	}
	o.r.fail("%s is not a time such as 2020-03-17T14:53:05Z", o.where(f.key))
	return time.Time{}
}

// placeholders takes away what Meshery writes where it knows nothing.
func placeholders(r *reader, out *Result) {
	wrote := false
	for _, s := range []*string{&out.SMPVersion, &out.DetailsURI, &out.TestID, &out.MeshConfigID, &out.EnvID} {
		switch *s {
		case "test_smp_version", "test_details", "test_id", "test_mesh_config_id", "test_env_id":
			wrote = wrote || *s == "test_smp_version" || *s == "test_details"
			*s = ""
		}
	}
	if !wrote {
		return
	}
	for _, v := range out.LatencyMs.each() {
		*v *= 1000
	}
	r.warn("Meshery wrote this file, whose latencies_ms are seconds: they are read as such")
}
