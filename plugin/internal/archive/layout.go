package archive

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The layout:
//
//	runs/YYYY/MM/DD/RUN/result.json        the Result, byte for byte
//	runs/YYYY/MM/DD/RUN/manifest.json      what is there, with size and sha256
//	parquet/month=YYYY-MM/RUN.parquet      one row about the run
//	parquet/month=YYYY-MM/merged-TIME-N-HASH.parquet   the rows of N runs
//	index/v2/merging/YYYY-MM               whoever merges or removes rows now
//	index/may-write                        for a moment, on servers that ignore conditions
//
// TIME is when the object was made, in milliseconds as 12 hexadecimal digits: an object
// that others were merged into comes after them in a listing, so that who lists meanwhile
// sees either.
//
// The date is the one inside the run's id (UUIDv7), in UTC, so that an id alone
// says where its objects are. What is below parquet/ is the index, and at the
// same time a table for any SQL engine.
//
// Earlier versions wrote rows as JSON, and these still count:
//
//	index/v1/YYYY/MM/RUN.json       one row
//	index/v1/YYYY/MM/NAME.json      rows of several runs, one a line
//	index/v1/YYYY/MM/RUN.deleted    takes a run out of those
const (
	runsFolder    = "runs/"
	tableFolder   = "parquet/"
	monthPrefix   = "month="
	mergedPrefix  = "merged-"
	rowSuffix     = ".parquet"
	leaseFolder   = "index/v2/merging/"
	probeKey      = "index/may-write"
	oldFolder     = "index/v1/"
	oldSuffix     = ".json"
	oldTombSuffix = ".deleted"
	resultName    = "result.json"
	manifestName  = "manifest.json"
	mediaJSON     = "application/json"
	mediaParquet  = "application/vnd.apache.parquet"
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
	// month is the run's, as YYYY-MM.
	folder, result, manifest, month, row string
	// oldRow and oldTomb are where earlier versions had its row.
	oldRow, oldTomb string
}

func keysOf(runID string) (keys, error) {
	t, err := runTime(runID)
	if err != nil {
		return keys{}, err
	}
	folder := runsFolder + t.Format("2006/01/02/") + runID
	old := oldFolder + t.Format("2006/01/") + runID
	month := monthOf(t)
	return keys{
		folder: folder, result: folder + "/" + resultName, manifest: folder + "/" + manifestName,
		month: month, row: tableOf(month) + runID + rowSuffix, oldRow: old + oldSuffix, oldTomb: old + oldTombSuffix,
	}, nil
}

// monthOf is the month of a time as the layout writes it.
func monthOf(t time.Time) string { return t.UTC().Format("2006-01") }

// tableOf is the folder of a month's rows.
func tableOf(month string) string { return tableFolder + monthPrefix + month + "/" }

// oldOf is the folder of a month's rows of earlier versions.
func oldOf(month string) string { return oldFolder + strings.Replace(month, "-", "/", 1) + "/" }

// leaseOf is held by whoever merges or removes rows of a month.
func leaseOf(month string) string { return leaseFolder + month }

// runOfKey is the id of the run that an index object is about by its name, or
// "" for one that holds rows of several.
func runOfKey(key string) string {
	name, _, _ := strings.Cut(path.Base(key), ".")
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
