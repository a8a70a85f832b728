// Package wording has the words and the formats of what Runs are judged by: the
// names of metrics, their figures with units, and differences with intervals. Pages
// and terminals take them from here, so that both say the same. It prints nothing.
package wording
