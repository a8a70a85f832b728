package document

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// A file is read, or refused in a few words: whatever it holds, nothing breaks,
// and a Test that is valid is the same when it is read again.
func FuzzParseTest(f *testing.F) {
	for _, seed := range []string{
		minimal,
		minimal + "  load: {rate: max, connections: 3, duration: 5s, warmup: 1s}\n",
		minimal + "  load: {stages: [{duration: 3s, rate: 5}, {duration: 2s, rate: 1e3, step: true}], arrivals: poisson, seed: 7}\n",
		minimal + "  load: {requests: 100, rate: 0.5, streams: 2}\n  thresholds: ['errorRate < 1%']\n  abortOn: [hopeless]\n  validity: {maxErrors: 0.5, maxStartSkew: 5ms}\n",
		"apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec:\n  targets:\n  - {url: 'grpcs://a:1', grpc: {method: a.B/C, message: '{}', descriptorSet: AAAA}, tls: {serverName: x, ca: y}, weight: 2}\n" +
			"  - {url: 'udp://b:2', body: x, check: {status: ['2xx'], json: [{path: '{.a[0]}', equals: b}]}}\n",
		`{"apiVersion":"perf.meshery.io/v1alpha1","kind":"Test","spec":{"target":{"url":"http://[::1]:80/?token=x","headers":[{"name":"A","value":"b"}],"bodyBase64":"/w=="}}}`,
		"---\n---\n", "a: *b", "{", "\x00", "- - -", "spec: !!binary x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		test, err := ParseTest(data)
		if err != nil {
			if s := err.Error(); s == "" || strings.Contains(s, "\n") {
				t.Errorf("the error is not one line: %q", s)
			}
			return
		}
		test.Default()
		err = test.Validate()
		raw, marshalErr := json.Marshal(test)
		if marshalErr != nil {
			if err == nil {
				t.Errorf("a valid Test cannot be written: %v", marshalErr)
			}
			return
		}
		_ = test.Redacted()
		if err != nil {
			return
		}
		again, err := ParseTest(raw)
		if err != nil {
			t.Fatalf("%v of %s", err, raw)
		}
		again.Default()
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(second, raw) {
			t.Errorf("read again\n%s\nwritten\n%s\n%v", second, raw, err)
		}
		if err := again.Validate(); err != nil {
			t.Errorf("valid before it was written: %v", err)
		}
	})
}
