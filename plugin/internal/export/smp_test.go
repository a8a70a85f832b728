package export

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"sigs.k8s.io/yaml"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// schema is smp.PerformanceTestResult: names, numbers and types of its fields.
func schema(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	message := func(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
		for i, f := range fields {
			f.Number = proto.Int32(int32(i + 1))
		}
		return &descriptorpb.DescriptorProto{Name: &name, Field: fields}
	}
	field := func(name string, typ descriptorpb.FieldDescriptorProto_Type, typeName string) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: &name, Type: &typ, Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
		if typeName != "" {
			f.TypeName = &typeName
		}
		return f
	}
	const text, double, sub = descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_DOUBLE, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	entry := message("LabelsEntry", field("key", text, ""), field("value", text, ""))
	entry.Options = &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)}
	var latency []*descriptorpb.FieldDescriptorProto
	for _, name := range []string{"min", "average", "p50", "p90", "p99", "max"} {
		latency = append(latency, field(name, double, ""))
	}
	labels := field("labels", sub, ".smp.PerformanceTestResult.LabelsEntry")
	labels.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	result := message("PerformanceTestResult",
		field("smp_version", text, ""), field("id", text, ""), labels,
		field("start_time", sub, ".google.protobuf.Timestamp"), field("end_time", sub, ".google.protobuf.Timestamp"),
		field("latencies_ms", sub, ".smp.PerformanceTestResult.Latency"), field("actual_qps", double, ""),
		field("details_uri", text, ""), field("test_id", text, ""), field("mesh_config_id", text, ""), field("env_id", text, ""))
	result.NestedType = []*descriptorpb.DescriptorProto{entry, message("Latency", latency...)}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("smp.proto"), Package: proto.String("smp"), Syntax: proto.String("proto3"),
		Dependency: []string{timestamppb.File_google_protobuf_timestamp_proto.Path()}, MessageType: []*descriptorpb.DescriptorProto{result},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().Get(0)
}

// smpMessage exports r and reads the file as protobuf's JSON of the schema.
func smpMessage(t *testing.T, r *document.Result, times Times, details string) *dynamicpb.Message {
	t.Helper()
	raw, name, err := SMP(r, times, details)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[Times]string{Response: "result_" + r.Metadata.RunID + ".json", Service: "result_" + r.Metadata.RunID + "_service.json"}[times]; name != want {
		t.Errorf("file %q, want %q", name, want)
	}
	if strings.Contains(string(raw), "s3cret") {
		t.Errorf("a secret is in the file:\n%s", raw)
	}
	m := dynamicpb.NewMessage(schema(t))
	if err := protojson.Unmarshal(raw, m); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	// YAML's readers see the same.
	again, err := yaml.YAMLToJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	other := m.Type().New().Interface()
	if err := protojson.Unmarshal(again, other); err != nil || !proto.Equal(m, other) {
		t.Errorf("as YAML: %v\n%s", err, again)
	}
	return m
}

func get(m protoreflect.Message, name protoreflect.Name) protoreflect.Value {
	return m.Get(m.Descriptor().Fields().ByName(name))
}

func TestSMP(t *testing.T) {
	r := fixture(t)
	const details = "s3://perf/runs/2026/11/23/0193a1c4-7c1e-7000-8000-000000000001"
	m := smpMessage(t, r, Response, details)
	for name, want := range map[protoreflect.Name]string{
		"smp_version": "v0.0.1", "id": r.Metadata.RunID, "details_uri": details, "test_id": "t-1", "mesh_config_id": "", "env_id": "",
	} {
		if got := get(m, name).String(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	at := get(m, "start_time").Message()
	if s, n := get(at, "seconds").Int(), get(at, "nanos").Int(); s != r.Status.StartTime.Unix() || n != 250e6 {
		t.Errorf("start %d.%d", s, n)
	}
	at = get(m, "end_time").Message()
	if s := get(at, "seconds").Int(); s != r.Status.EndTime.Unix() {
		t.Errorf("end %d", s)
	}
	if got := get(m, "actual_qps").Float(); got != 499.9 {
		t.Errorf("rate %g", got)
	}
	// Milliseconds that are some: the median of the fixture is 2 ms.
	l, s := get(m, "latencies_ms").Message(), r.Status.Latency.ResponseTime
	for name, want := range map[protoreflect.Name]float64{"min": s.Min, "average": s.Mean, "p50": *s.P50, "p90": *s.P90, "p99": *s.P99, "max": s.Max} {
		if got := get(l, name).Float(); got != want {
			t.Errorf("%s: %g ms, want %g", name, got, want)
		}
	}
	if p50 := get(l, "p50").Float(); p50 < 1.9 || p50 > 2.1 {
		t.Errorf("p50 %g ms", p50)
	}
	labels := get(m, "labels").Map()
	for key, want := range map[string]string{
		"mesh": "istio", "name": "checkout", "latencies": "response time", "requested-qps": "500", "requests-sent": "10000", "requests-failed": "20", "requests-unsent": "0",
		"phase": "Succeeded", "validity": "valid", "written-by": "kubectl-meshery v1.2.3", "endpoint-urls": "http://checkout.shop:8080/?token=<redacted>",
	} {
		if got := labels.Get(protoreflect.ValueOfString(key).MapKey()).String(); got != want {
			t.Errorf("label %s: %q, want %q", key, got, want)
		}
	}
}

func TestSMPOfLittle(t *testing.T) {
	r := fixture(t)
	r.Metadata.Labels = map[string]string{"validity": "valid", "name": "mine", "smp-env-id": "e", "smp-mesh-config-id": "m"}
	r.Status.Validity = document.Validity{Reasons: []string{"late", "agent lost"}}
	r.Status.Latency.ServiceTime, r.Status.Histograms.ServiceTime = recorded(t, lognormal(1, 30, 2e6))
	m := smpMessage(t, r, Service, "")
	l := get(m, "latencies_ms").Message()
	if fields := l.Descriptor().Fields(); l.Has(fields.ByName("p99")) || !l.Has(fields.ByName("p50")) || l.Has(fields.ByName("p90")) {
		t.Errorf("30 requests: %v", l)
	}
	label := func(key string) string {
		return get(m, "labels").Map().Get(protoreflect.ValueOfString(key).MapKey()).String()
	}
	if label("validity") != "invalid" || label("validity-reasons") != "late; agent lost" || label("name") != "mine" || label("latencies") != "service time" {
		t.Errorf("%v", get(m, "labels"))
	}
	if get(m, "env_id").String() != "e" || get(m, "mesh_config_id").String() != "m" || get(m, "test_id").String() != "" {
		t.Errorf("%v", m)
	}
	r = failedOnly(t)
	if m = smpMessage(t, r, Service, ""); m.Has(m.Descriptor().Fields().ByName("latencies_ms")) {
		t.Errorf("latencies of errors only: %v", m)
	}
}
