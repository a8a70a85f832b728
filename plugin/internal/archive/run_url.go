package archive

// RunURL is where a run's Result and manifest are, for people: a folder, without
// parameters or credentials. runID is a whole id.
func (a *Archive) RunURL(runID string) (string, error) {
	k, err := keysOf(runID)
	if err != nil {
		return "", err
	}
	return a.runURL(k), nil
}
