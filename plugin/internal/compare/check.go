package compare

import "slices"

// Check finds options that cannot be right.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// Kinds are those of the differences that stand against comparing, each once: with
// these allowed, it passes. None where only force lets it pass, for the runs of one side
// differ among themselves.
func (e *DifferentError) Kinds() []string {
	var kinds []string
	for _, d := range e.Differences {
		switch {
		case d.Warning || d.Allowed:
		case within(d) != "":
			return nil
		case !slices.Contains(kinds, d.What):
			kinds = append(kinds, d.What)
		}
	}
	return kinds
}
