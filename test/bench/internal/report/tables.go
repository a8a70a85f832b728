//go:build linux

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
	"github.com/meshery/kubectl-meshery/test/bench/internal/target"
)

// Markdown writes all tables that have runs.
func (r *Report) Markdown(w io.Writer) {
	e := r.Environment
	fmt.Fprintf(w, "%d rounds of %s s; Linux %s, %d CPUs, servers on CPU %d, clients on CPU %d; %s.\n",
		e.Rounds, three(e.Seconds), e.Kernel, e.CPUs, e.ServerCPU, e.ClientCPU, e.Go)
	fmt.Fprintf(w, "%s.\n", strings.Join(e.Tools, ", "))
	fmt.Fprintf(w, "\nMedian (range over the rounds). In %d of %d runs others used more than %s of the two CPUs.\n",
		r.disturbed(), len(r.Runs), percent(Disturbed))
	r.bars(w)
	r.closed(w, HTTP1, "Closed loop, HTTP/1.1, 32 connections", "wrk")
	r.closed(w, HTTP2, "Closed loop, HTTP/2, 4 connections with 8 streams each", "h2load")
	r.closed(w, GRPC, "Closed loop, gRPC health check, 4 connections with 8 streams each", "ghz")
	r.closed(w, Pod, "Closed loop, HTTP/1.1, 32 connections, agent as a pod", "wrk")
	r.rate(w)
	r.truth(w, target.Lognormal, "Truth: lognormal service time, at half of what the connections carry")
	r.truth(w, target.Bimodal, "Truth: bimodal service time, at half of what the connections carry")
	r.stall(w)
	r.memory(w)
	r.lateness(w)
	r.cost(w)
}

func (r *Report) disturbed() (n int) {
	for _, run := range r.Runs {
		if run.Others > Disturbed {
			n++
		}
	}
	return n
}

// table writes a table unless it has no rows.
func table(w io.Writer, title string, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n### %s\n\n| %s |\n|%s\n", title, strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
}

func (r *Report) closed(w io.Writer, section, title, anchor string) {
	var rows [][]string
	for _, t := range r.tools(section) {
		row := []string{r.marked(section, t), "–", "–", "–", "–"}
		if cpu := r.of(section, t, cpuPerRequest); len(cpu) > 0 {
			row = []string{r.marked(section, t), cpu.text(micro), r.ratios(section, t, anchor, cpuPerRequest).text(ratio),
				r.PerSecond(section, t).text(three), r.failed(section, t)}
		} else if p := r.problem(section, t); p != "" {
			row[1] = cell(p)
		}
		rows = append(rows, row)
	}
	table(w, title, []string{"tool", "CPU per request", "x " + anchor, "requests/s", "failed"}, rows)
}

// failed is the number of failed requests in all rounds.
func (r *Report) failed(section, tool string) string {
	var n float64
	for _, x := range r.of(section, tool, func(run Run) (float64, bool) {
		return float64(run.Answer.Failed), run.Answer != nil
	}) {
		n += x
	}
	return thousands(n)
}

func cell(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "|", "/")), " ")
	if r := []rune(s); len(r) > 80 {
		s = string(r[:79]) + "…"
	}
	return s
}

// delivered is the share of the target rate a tool reached.
func delivered(run Run) (float64, bool) {
	x, ok := perSecond(run)
	return x / run.Load.Rate, ok && run.Load.Rate > 0
}

func (r *Report) rate(w io.Writer) {
	for _, part := range Rates {
		var rows [][]string
		var want float64
		section := Rate + part.Name
		for _, t := range r.tools(section) {
			want = r.of(section, t, func(run Run) (float64, bool) { return run.Load.Rate, true }).Median()
			rows = append(rows, []string{r.marked(section, t), r.of(section, t, delivered).text(percent),
				r.of(section, t, cpuPerRequest).text(micro), r.of(section, t, sleepsPerRequest).text(three)})
		}
		table(w, "Rate delivered, at "+part.Name+" of our own highest: "+three(want)+" requests/s, HTTP/1.1, 32 connections",
			[]string{"tool", "achieved/target", "CPU per request", "sleeps per request"}, rows)
	}
}

// wrong is how far a tool's percentile is from the server's.
func wrong(of func(*Answer) float64, truth func(*target.Truth) float64) figure {
	return func(run Run) (float64, bool) {
		if run.Answer == nil || run.Truth == nil || of(run.Answer) == 0 || truth(run.Truth) == 0 {
			return 0, false
		}
		return of(run.Answer)/truth(run.Truth) - 1, true
	}
}

// service is a percentile of the service time, which is what the server knows.
func service(p50 bool) func(*Answer) float64 {
	return func(a *Answer) float64 {
		switch {
		case p50 && a.ServiceP50 > 0:
			return a.ServiceP50
		case p50:
			return a.P50
		case a.ServiceP99 > 0:
			return a.ServiceP99
		}
		return a.P99
	}
}

func truthP50(t *target.Truth) float64 { return t.P50 }
func truthP99(t *target.Truth) float64 { return t.P99 }

func ofTruth(f func(*target.Truth) float64) figure {
	return func(run Run) (float64, bool) {
		if run.Truth == nil {
			return 0, false
		}
		return f(run.Truth), true
	}
}

func (r *Report) truth(w io.Writer, shape, title string) {
	section := Truth + shape
	var rows [][]string
	for _, t := range r.tools(section) {
		loop := r.of(section, t, delivered).text(percent)
		if loop == "–" {
			loop = "closed loop"
		}
		rows = append(rows, []string{r.marked(section, t), loop,
			r.of(section, t, ofTruth(truthP50)).text(millis), r.of(section, t, wrong(service(true), truthP50)).text(deviation),
			r.of(section, t, ofTruth(truthP99)).text(millis), r.of(section, t, wrong(service(false), truthP99)).text(deviation)})
	}
	table(w, title, []string{"tool", "achieved/target", "true p50", "its p50", "true p99", "its p99"}, rows)
}

func (r *Report) stall(w io.Writer) {
	section := Truth + target.Stall
	var rows [][]string
	for _, t := range r.tools(section) {
		rows = append(rows, []string{r.marked(section, t),
			r.of(section, t, ofTruth(truthP99)).text(millis),
			r.of(section, t, func(run Run) (float64, bool) {
				if run.Answer == nil {
					return 0, false
				}
				return run.Answer.P99, run.Answer.P99 > 0
			}).text(millis),
			r.of(section, t, wrong(func(a *Answer) float64 { return a.P99 }, truthP99)).text(deviation)})
	}
	table(w, "Truth: a server that stands still for 1 s in 5 s, at 200 requests/s",
		[]string{"tool", "true p99 of the response time", "its p99", "error"}, rows)
}

func (r *Report) memory(w io.Writer) {
	var sections, tools []string
	head := []string{"tool"}
	for _, run := range r.Runs {
		if strings.HasPrefix(run.Section, Memory) && !slices.Contains(sections, run.Section) {
			sections = append(sections, run.Section)
			tools = r.tools(run.Section)
			name := strings.TrimPrefix(run.Section, Memory) + " connections"
			if name == "1 connections" {
				name = "1 connection"
			}
			head = append(head, name)
		}
	}
	var rows [][]string
	for _, t := range tools {
		row := []string{t}
		for _, s := range sections {
			text := r.of(s, t, peak).text(mebibytes)
			if text == "–" && r.problem(s, t) != "" {
				text = cell(r.problem(s, t))
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	table(w, "Peak memory, closed loop, HTTP/1.1", head, rows)
}

func lateness(run Run) (float64, bool) {
	if run.Answer == nil {
		return 0, false
	}
	return run.Answer.LatenessP99, run.Answer.LatenessP99 > 0
}

func (r *Report) lateness(w io.Writer) {
	v := r.of(Lateness, peer.Ours, lateness)
	if len(v) == 0 {
		return
	}
	want := r.of(Lateness, peer.Ours, func(run Run) (float64, bool) { return run.Load.Rate, true }).Median()
	table(w, "Lateness of kubectl-meshery at a fifth of its highest rate: "+three(want)+" requests/s", []string{"lateness p99", "achieved/target"},
		[][]string{{v.text(millis), r.of(Lateness, peer.Ours, delivered).text(percent)}})
}

func (r *Report) cost(w io.Writer) {
	var names []string
	for _, run := range r.Runs {
		for name := range run.Shares {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var rows [][]string
	for _, name := range names {
		rows = append(rows, []string{name, r.of(Cost, peer.Ours, share(name)).text(percent)})
	}
	table(w, "Where the CPU of kubectl-meshery goes, closed loop, HTTP/1.1, 32 connections", []string{"spent on", "share"}, rows)
}

func share(name string) figure {
	return func(run Run) (float64, bool) {
		x, ok := run.Shares[name]
		return x, ok
	}
}
