package compare

import "slices"

// Check finds options that cannot be right.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// Kinds are those of the differences that stand against comparing, each once.
func (e *DifferentError) Kinds() []string {
	var kinds []string
	for _, d := range e.Differences {
		if !d.Warning && !d.Allowed && !slices.Contains(kinds, d.What) {
			kinds = append(kinds, d.What)
		}
	}
	return kinds
}
