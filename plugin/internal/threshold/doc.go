// Package threshold holds expressions over a Result, such as
// "responseTime.p99 < 50ms": it parses them, tells whether a Result meets them,
// and whether a run that has not ended can still come to meet them. It runs and
// stops nothing, and does not know whether a Result is valid; docs/thresholds.md
// is the language as users see it.
package threshold
