// Package document holds the two versioned documents of the product: the Test
// (what to run) and the Result (what a run leaves). It parses, defaults and
// validates them; it does not run, store or print anything.
//
// Units: latencies in milliseconds, sizes in bytes, CPU in core-seconds, times
// in RFC 3339, durations as Go duration text ("1m30s").
package document

// APIVersion and the kinds of the documents.
const (
	APIVersion = "perf.meshery.io/v1alpha1"
	KindTest   = "Test"
	KindResult = "Result"
)
