package archive

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The layout, version 1:
//
//	runs/YYYY/MM/DD/RUN/result.json     the Result, byte for byte
//	runs/YYYY/MM/DD/RUN/manifest.json   what is there, with size and sha256
//	index/v1/YYYY/MM/RUN.json           one row about the run
//
// The date is the one inside the run's id (UUIDv7), in UTC, so that an id alone
// says where its objects are.
//
// Whatever else lies in index/v1/YYYY/MM counts too: any other NAME.json holds
// rows of several runs, one a line, and RUN.deleted takes a run out of those.
// Nothing writes NAME.json yet; readers know them so that small rows can later
// be merged into few objects without a break.
const (
	runsFolder   = "runs/"
	indexFolder  = "index/v1/"
	resultName   = "result.json"
	manifestName = "manifest.json"
	rowSuffix    = ".json"
	tombSuffix   = ".deleted"
	mediaJSON    = "application/json"
)

// runTime is the time inside a run's id.
func runTime(runID string) (time.Time, error) {
	u, err := uuid.Parse(runID)
	if err != nil || u.Version() != 7 || u.String() != runID {
		return time.Time{}, fmt.Errorf("run id %q is not a UUID of version 7 in lower case", runID)
	}
	return time.Unix(u.Time().UnixTime()).UTC(), nil
}

// keys are where the objects of a run are.
type keys struct {
	folder, result, manifest, month, row, tomb string
}

func keysOf(runID string) (keys, error) {
	t, err := runTime(runID)
	if err != nil {
		return keys{}, err
	}
	folder := runsFolder + t.Format("2006/01/02/") + runID
	month := indexFolder + t.Format("2006/01/")
	return keys{
		folder: folder, result: folder + "/" + resultName, manifest: folder + "/" + manifestName,
		month: month, row: month + runID + rowSuffix, tomb: month + runID + tombSuffix,
	}, nil
}

// runOfKey is the id of the run that an index object is about by its name, or
// "" for one that holds rows of several.
func runOfKey(key string) string {
	name := path.Base(key)
	name = strings.TrimSuffix(strings.TrimSuffix(name, rowSuffix), tombSuffix)
	if _, err := runTime(name); err != nil {
		return ""
	}
	return name
}

var idPrefixRE = regexp.MustCompile(`^[0-9a-f][0-9a-f-]*$`)

// prefixTimes is between which times the runs lie whose ids begin with prefix:
// the first twelve digits of an id are its time in milliseconds.
func prefixTimes(prefix string) (from, to time.Time, err error) {
	if !idPrefixRE.MatchString(prefix) || len(prefix) > 36 {
		return from, to, fmt.Errorf("%q is not a run id or the beginning of one: 'results list' shows them", prefix)
	}
	digits := strings.ReplaceAll(prefix, "-", "")
	digits = digits[:min(12, len(digits))]
	padded := func(digit string) (time.Time, error) {
		var ms int64
		_, err := fmt.Sscanf(digits+strings.Repeat(digit, 12-len(digits)), "%x", &ms)
		return time.UnixMilli(ms).UTC(), err
	}
	if from, err = padded("0"); err == nil {
		to, err = padded("f")
	}
	return from, to, err
}
