package client

import (
	"fmt"
	"testing"
)

// A number in an answer is right when it is the same number, and no other one.
func TestCheckNumbers(t *testing.T) {
	for _, c := range []struct {
		answer       string
		right, wrong []string
	}{
		{"1000000", []string{"1000000", "1e6", "1E+06", "1000000.0", "10e5"}, []string{"1000001", "1e7", "100000", "", "+1e6", " 1e6", "1e6 ", "01e6", "0xF4240", "1e6,"}},
		{"1e6", []string{"1000000", "1e6"}, []string{"1000001"}},
		{"1234567.5", []string{"1234567.5", "1.2345675e6", "1234567.50"}, []string{"1234567", "1234568", "1234567.6"}},
		{"0.00001", []string{"0.00001", "1e-5", "1e-05"}, []string{"0", "0.0001", "0.000011"}},
		{"0.10000000000000001", []string{"0.1", "0.10000000000000001"}, []string{"0.11"}},
		{"-12", []string{"-12", "-1.2e1"}, []string{"12", "-13"}},
		{"0", []string{"0", "-0", "0.0", "0e9"}, []string{"1", ""}},
		{"-0.0", []string{"0", "-0"}, []string{"-1"}},
		{"1732370081123", []string{"1732370081123", "1732370081123.0"}, []string{"1732370081124"}},
		{"9007199254740993", []string{"9007199254740993", "9007199254740993.0"}, []string{"9007199254740992", "9007199254740994", "9.007199254740992e+15"}},
		{"9007199254740993.0", []string{"9007199254740993"}, []string{"9007199254740992"}},
		{"-9223372036854775808", []string{"-9223372036854775808"}, []string{"-9223372036854775807"}},
		{"18446744073709551615", []string{"18446744073709551615"}, []string{"18446744073709551616", "18446744073709551614", "1.8446744073709552e+19"}},
		{"123456789012345678901234567890", []string{"123456789012345678901234567890", "12345678901234567890123456789e1"}, []string{"123456789012345678901234567891"}},
		{"1e999", []string{"1e999", "10e998"}, []string{"1e998", "1e9999999999999999999"}},
		// Text is right as it is written.
		{`"1000000"`, []string{"1000000"}, []string{"1e6", "1000000.0"}},
		{`"1e6"`, []string{"1e6"}, []string{"1000000"}},
		{`"007"`, []string{"007"}, []string{"7"}},
		{"true", []string{"true"}, []string{"1", "1e0"}},
		// So are several numbers, and what holds them, without exponents.
		{"[1000000,2.0,1234567.5,18446744073709551615]", []string{"[1000000,2,1234567.5,18446744073709551615]"}, []string{"[1000000,2,1234567.5,18446744073709551616]"}},
		{`{"id":9007199254740993}`, []string{`{"id":9007199254740993}`}, []string{`{"id":9007199254740992}`}},
	} {
		for _, path := range []string{"{.m}", "{.of[0].m}", `{.of[?(@.name=="x")].m}`, `{.of[?(@.n==1)].m}`, `{.of[?(@.n>0.5)].m}`} {
			// With a fraction in the filter, the library has all numbers as fractions.
			if path == `{.of[?(@.n>0.5)].m}` && len(c.answer) > 15 {
				continue
			}
			body := fmt.Sprintf(`{"m":%s,"of":[{"name":"x","n":1,"m":%[1]s},{"name":"y","n":0,"m":5}]}`, c.answer)
			for want, texts := range map[string][]string{"": c.right, FailCheck: c.wrong} {
				for _, text := range texts {
					k := (&Check{JSON: []JSONCheck{{path, &text}}}).checker()
					if got := k.body([]byte(body)); got != want {
						t.Errorf("%s=%s of %s: %q, want %q", path, text, c.answer, got, want)
					}
				}
			}
		}
	}
}

// Several numbers are written without exponents, and each as exactly.
func TestCheckSeveralNumbers(t *testing.T) {
	const body = `{"a":[1000000,2.0,9007199254740993],"b":[{"c":1e6},{"c":1234567.5}],"one":1,"two":2,"large":36893488147419103232}`
	for _, c := range []struct{ path, text, want string }{
		{"{.a[*]}", "1000000 2 9007199254740993", ""}, {"{.a[*]}", "1000000 2 9007199254740992", FailCheck},
		{"{.a}", "[1000000,2,9007199254740993]", ""},
		{"{range .b[*]}{.c};{end}", "1000000;1234567.5;", ""},
		{"{.one}{.two}", "12", ""}, {"{.one}/{.two}", "1/2", ""},
		{"{.b[?(@.c>1000000.5)].c}", "1234567.5", ""}, {"{.b[?(@.c<1000001)].c}", "1e6", FailCheck}, // the library compares no integer with a fraction
		{"{.b[?(@.c)].c}", "1000000 1234567.5", ""},
		{"{.large.*}", "3", FailCheck}, {"{['one','large']}", "1 36893488147419103232", ""},
	} {
		k := (&Check{JSON: []JSONCheck{{c.path, &c.text}}}).checker()
		for range 2 {
			if got := k.body([]byte(body)); got != c.want {
				t.Errorf("%s=%s: %q, want %q", c.path, c.text, got, c.want)
			}
		}
	}
	for _, more := range []string{body + "1", body + "x", body + "}", "1 2"} {
		if got := (&Check{JSON: []JSONCheck{{"{.one}", new("1")}}}).checker().body([]byte(more)); got != FailCheck {
			t.Errorf("more than one value is right: %s", more)
		}
	}
}

func BenchmarkCheckJSON(b *testing.B) {
	const body = `{"status":{"ready":true,"pods":[{"name":"a","port":8080},{"name":"b","port":8081}],"count":2,"ratio":0.5},"text":"x y"}`
	for name, c := range map[string]JSONCheck{"word": {"{.status.ready}", new("true")}, "number": {"{.status.count}", new("2")}, "filter": {`{.status.pods[?(@.name=="b")].port}`, new("8081")}} {
		b.Run(name, func(b *testing.B) {
			k := (&Check{JSON: []JSONCheck{c}}).checker()
			b.ReportAllocs()
			for b.Loop() {
				if k.body([]byte(body)) != "" {
					b.Fatal("wrong")
				}
			}
		})
	}
}
