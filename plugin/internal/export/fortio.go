package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"fortio.org/fortio/fhttp"
	"fortio.org/fortio/periodic"
	"fortio.org/fortio/stats"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// httpResults and otherResults are what Fortio saves of runs over HTTP and of
// others, where codes have names and Destination stands for the URL. ResponseLabel
// is what Fortio's page calls the times; Fortio's own runs leave it out. Meshery is
// for our own import, and passed over by Fortio.
type httpResults struct {
	*fhttp.HTTPRunnerResults
	ResponseLabel string
	Meshery       *document.Result
}

type otherResults struct {
	periodic.RunnerResults
	ResponseLabel string
	RetCodes      map[string]int64
	Destination   string
	Meshery       *document.Result
}

// Fortio writes r as Fortio saves its own runs, and the name of the file, under
// which 'fortio report' lists it: the time, the run, what it is. It tells of the
// times that t says. What Fortio has no field for is in Labels, and the Result in a
// field that only the import of this plugin reads. Credentials are redacted in it, and
// bodies are not there.
func Fortio(r *document.Result, t Times) (file []byte, name string, err error) {
	if err := sent(r); err != nil {
		return nil, "", err
	}
	base, err := runnerResults(r, t)
	if err != nil {
		return nil, "", err
	}
	connect, err := histogramData(r.Status.Latency.ConnectTime, r.Status.Histograms.ConnectTime)
	if err != nil {
		return nil, "", err
	}
	label := strings.ToUpper(string(t[0])) + t.String()[1:]
	var results any = httpResults{overHTTP(r, base, connect), label, portable(r)}
	if base.RunType != "HTTP" {
		results = otherResults{base, label, r.Status.Requests.Codes, targetURLs(r), portable(r)}
	}
	file, err = json.MarshalIndent(results, "", "  ")
	if err != nil {
		return nil, "", err
	}
	return append(file, '\n'), base.ID + ".json", nil
}

// runnerResults is what the files of all protocols have.
func runnerResults(r *document.Result, t Times) (periodic.RunnerResults, error) {
	s := &r.Status
	durations, failed, err := durations(r, t)
	if err != nil {
		return periodic.RunnerResults{}, err
	}
	l := r.Spec.Load
	out := periodic.RunnerResults{
		RunType: runType(r), Labels: fortioLabels(r, t), ID: fileID(r, t),
		StartTime: s.StartTime, ActualQPS: s.Rate.Achieved, ActualDuration: s.EndTime.Sub(s.StartTime),
		RequestedQPS: requestedQPS(l), RequestedDuration: time.Duration(l.Duration).String(), Exactly: l.Requests,
		NumThreads: l.Connections * len(r.Spec.AllTargets()) * max(1, len(s.Agents)),
		Version:    writer(r), DurationHistogram: durations, ErrorsDurationHistogram: failed,
	}
	if l.Requests > 0 {
		out.RequestedDuration = fmt.Sprintf("exactly %d calls", l.Requests)
	}
	return out, nil
}

// durations are the histograms of the calls and of those that failed. Fortio's own
// are of all calls; here, those that failed at once are only in the second, for
// they are no times of answers. Without a right answer there is nothing else, so
// both are those of the failures. The second is nil where the Result does not have
// it, and empty where nothing failed.
func durations(r *document.Result, t Times) (all, failed *stats.HistogramData, err error) {
	summary, encoded, err := t.of(r)
	if err != nil {
		return nil, nil, err
	}
	l, h := r.Status.Latency, r.Status.Histograms
	if all, err = histogramData(summary, encoded); err != nil {
		return nil, nil, err
	}
	if l.ErrorTime == nil && r.Status.Requests.Failed > 0 {
		return all, nil, nil
	}
	if failed, err = histogramData(l.ErrorTime, h.ErrorTime); err != nil {
		return nil, nil, err
	}
	if all.Count == 0 {
		all = failed
	}
	return all, failed, nil
}

// runType is Fortio's word for the protocols of the targets.
func runType(r *document.Result) string {
	var words []string
	for _, t := range r.Spec.AllTargets() {
		word := strings.ToUpper(t.Protocol)
		if t.Protocol == "" || t.Protocol == document.HTTP1 || t.Protocol == document.HTTP2 {
			word = "HTTP"
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(words, "+")
}

func overHTTP(r *document.Result, base periodic.RunnerResults, connect *stats.HistogramData) *fhttp.HTTPRunnerResults {
	out := &fhttp.HTTPRunnerResults{RunnerResults: base, RetCodes: map[int]int64{}, SocketCount: connect.Count}
	if connect.Count > 0 {
		out.ConnectionStats = connect
	}
	for code, n := range r.Status.Requests.Codes {
		number, err := strconv.Atoi(code)
		if err != nil {
			number = -1 // Fortio's number for what had no answer
		}
		out.RetCodes[number] += n
	}
	out.URL = targetURLs(r)
	if len(r.Spec.Targets) == 0 {
		t := r.Spec.Target
		out.H2 = t.Protocol == document.HTTP2
		out.MethodOverride = t.Method
		out.HTTPReqTimeOut = time.Duration(t.Timeout)
		out.Insecure = t.TLS != nil && t.TLS.InsecureSkipVerify
	}
	return out
}

// requestedQPS is the rate as Fortio writes it; "max" is its word too.
func requestedQPS(l document.Load) string {
	if len(l.Stages) == 0 {
		return l.Rate.String()
	}
	least, most := l.Stages[0].Rate, l.Stages[0].Rate
	for _, s := range l.Stages {
		least, most = min(least, s.Rate), max(most, s.Rate)
	}
	return fmt.Sprintf("%s to %s", document.Rate(least), document.Rate(most))
}

// fortioLabels say what Fortio has no field for.
func fortioLabels(r *document.Result, t Times) string {
	words := []string{r.Metadata.Name, t.String()}
	for _, k := range slices.Sorted(maps.Keys(r.Metadata.Labels)) {
		words = append(words, k+"="+r.Metadata.Labels[k])
	}
	q := r.Status.Requests
	if q.Failed > 0 {
		words = append(words, fmt.Sprintf("failed %d of %d", q.Failed, q.Sent))
	}
	if q.Unsent > 0 {
		words = append(words, fmt.Sprintf("unsent %d of %d", q.Unsent, q.Planned))
	}
	if unfinished := notAnswered(r, t); unfinished != "" {
		words = append(words, unfinished)
	}
	if r.Status.Phase != document.Succeeded {
		words = append(words, "phase: "+string(r.Status.Phase))
	}
	if why := invalid(r); why != "" {
		words = append(words, "validity: invalid ("+why+")")
	}
	return strings.Join(words, ", ")
}

// notAnswered says of how many times in DurationHistogram nobody knows the end:
// those of requests that were given up or, in the response time, never sent. They
// are at least what stands there.
func notAnswered(r *document.Result, t Times) string {
	summary, _, err := t.of(r)
	if err != nil || summary == nil {
		return "" // the histogram is that of the errors
	}
	q := r.Status.Requests
	var parts []string
	if t == Response && q.Unsent > 0 {
		parts = append(parts, fmt.Sprintf("unsent %d", q.Unsent))
	}
	given := summary.Count - q.Succeeded
	if t == Response {
		given -= q.Unsent
	}
	if n := min(given, q.Codes["timeout"]+q.Codes[document.CancelledCode]); n > 0 {
		parts = append(parts, fmt.Sprintf("given up %d", n))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("DurationHistogram counts %d, of them %s", summary.Count, strings.Join(parts, " and "))
}

// maxID is the length of Fortio's own ids.
const maxID = 96

// fileID sorts by time and is the run's alone, as Fortio's own ids:
// YYYY-MM-DD-HHMMSS_run_words.
func fileID(r *document.Result, t Times) string {
	words := r.Metadata.Name
	if t != Response {
		words += "_" + string(t)
	}
	words = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, words)
	id := fmt.Sprintf("%s_%s_%s", r.Status.StartTime.UTC().Format("2006-01-02-150405"), r.Metadata.RunID, words)
	return id[:min(len(id), maxID)]
}
