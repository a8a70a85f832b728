package printer

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTable(t *testing.T) {
	table := NewTable("NODE", "RPS", "P50", "CPU")
	table.Row("worker-1", Rate(333.33), Latency(2), Percent(0.38))
	table.Row("w", "", "µ")
	var b bytes.Buffer
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"NODE       RPS     P50       CPU",
		"worker-1   333.3   2.00 ms   38.0 %",
		"w          -       µ         -",
		"",
	}, "\n")
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestTableStaysInsideItsWidth(t *testing.T) {
	long := strings.Repeat("name", 20)
	table := NewTable("RUN", "~NAME", "STARTED")
	table.Row("0193a1c4-7c1e", long, "2026-11-23 14:05")
	var b bytes.Buffer
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > DefaultWidth {
			t.Errorf("%d characters: %q", n, line)
		}
	}
	if !strings.Contains(b.String(), "…") || !strings.Contains(b.String(), "14:05") {
		t.Errorf("the name is not cut, or more than the name is:\n%s", b.String())
	}
	table.Width = 0
	b.Reset()
	if err := table.Write(&b); err != nil || !strings.Contains(b.String(), long) {
		t.Errorf("wide: %v\n%s", err, b.String())
	}
}

func TestEscape(t *testing.T) {
	cases := map[string]string{
		"plain µ …":       "plain µ …",
		"\x1b[31mred":     `\x1b[31mred`,
		"a\nb\tc":         `a\nb\tc`,
		"\u202eright":     `\u202eright`,
		"bad \xff byte":   `bad ` + "\ufffd" + ` byte`,
		"\x00\x7f\u0085x": `\x00\x7f\u0085x`,
	}
	for in, want := range cases {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "a\nb\r\n\n  c\t1 ": "a; b; c 1", "\x1b[31mred\n": `\x1b[31mred`, "\n": "", "": "",
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "one": "one", "one two three": "one two|three", "  much  space ": "much|space",
		"alongerword ab": "alongerword|ab", "µµµ µµµ": "µµµ µµµ",
	} {
		if got := strings.Join(Wrap(in, 7), "|"); got != want {
			t.Errorf("Wrap(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	cases := []struct{ got, want string }{
		{Latency(2.1), "2.10 ms"},
		{Latency(11.94), "11.9 ms"},
		{Latency(0), "0.00 ms"},
		{Latency(0.085), "85.0 µs"},
		{Latency(0.1), "100 µs"},
		{Latency(0.9994), "999 µs"},
		{Latency(0.9996), "1.00 ms"},
		{Latency(999.4), "999 ms"},
		{Latency(999.96), "1.00 s"},
		{Latency(1250), "1.25 s"},
		{LatencyOf(nil), "-"},
		{Significant(0.41, 3), "0.410"},
		{Significant(12345, 3), "12,300"},
		{Significant(-0.0012345, 3), "-0.00123"},
		{Rate(1000), "1,000"},
		{Rate(999.94), "999.9"},
		{Rate(0.5), "0.5"},
		{Rate(12345.6), "12,346"},
		{Count(60000), "60,000"},
		{Count(-1234567), "-1,234,567"},
		{Count(999), "999"},
		{Percent(0.38), "38.0 %"},
		{Percent(0.0025), "0.250 %"},
		{Percent(1), "100 %"},
		{Percent(0.999), "99.9 %"},
		{Percent(0.99949), "99.9 %"},
		{Percent(0.9996), ">99.9 %"},
		{Percent(0.99996), ">99.9 %"},
		{Percent(1.234), "123 %"},
		{Percent(0), "0 %"},
		{Bytes(512), "512 B"},
		{Bytes(12_900_000), "12.3 MiB"},
		{Bytes(1000), "0.977 KiB"},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
