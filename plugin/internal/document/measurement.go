package document

import "fmt"

// LabelImportedRun is the label that an imported run has for the id of the run that
// was exported.
const LabelImportedRun = "imported-run"

// Measurement is the id of what was measured: the run's own, or of an imported run that
// of the one which was exported. Runs that have the same are one measurement, however
// often it was copied, and count once.
func (m *ResultMetadata) Measurement() string {
	if from := m.Labels[LabelImportedRun]; from != "" {
		return from
	}
	return m.RunID
}

// Repeats says why the run does not count beside the run with the id first, which is
// the same measurement.
func (m *ResultMetadata) Repeats(first string) string {
	if m.RunID == first {
		return "it was given twice"
	}
	return fmt.Sprintf("it is the same measurement as run %s, exported and imported", first)
}

// Unknown tells that nothing is known of where the run was made, as of one that was
// imported from the file of another tool.
func (e *Environment) Unknown() bool {
	return !e.Local && e.Namespace == "" && e.Context == "" && e.Kubernetes == ""
}
