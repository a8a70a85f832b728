package client

import (
	"strings"
	"testing"
)

func TestCheckStatus(t *testing.T) {
	for _, c := range []struct {
		status       []string
		right, wrong []int
	}{
		{nil, []int{200, 204, 299}, []int{0, 100, 199, 300, 404, 500}},
		{[]string{"404"}, []int{404}, []int{200, 400, 403, 405}},
		{[]string{"2xx", "404"}, []int{200, 299, 404}, []int{199, 300, 403}},
		{[]string{"3xx", "5xx"}, []int{300, 399, 500, 599}, []int{200, 400, 600}},
	} {
		k := (&Check{Status: c.status}).checker()
		for _, code := range c.right {
			if !k.status(code) {
				t.Errorf("%v: %d is wrong", c.status, code)
			}
		}
		for _, code := range c.wrong {
			if k.status(code) {
				t.Errorf("%v: %d is right", c.status, code)
			}
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, c := range []struct {
		status []string
		name   string
		right  bool
	}{
		{nil, "OK", true}, {nil, "NotFound", false},
		{[]string{"NotFound"}, "NotFound", true}, {[]string{"NotFound"}, "OK", false},
		{[]string{"OK", "Unavailable"}, "Unavailable", true},
	} {
		if got := (&Check{Status: c.status}).checker().name(c.name); got != c.right {
			t.Errorf("%v: %s is right: %v", c.status, c.name, got)
		}
	}
}

func TestCheckBody(t *testing.T) {
	const body = `{"status":{"ready":true,"pods":[{"name":"a"},{"name":"b"}],"count":2,"ratio":0.5,"none":null},"text":"x y"}`
	nested := strings.Repeat(`{"a":`, 200) + `"` + strings.Repeat("x", 100<<10) + `"` + strings.Repeat("}", 200)
	for _, c := range []struct {
		check Check
		body  string
		want  string
	}{
		{Check{}, "anything", ""},
		{Check{BodyContains: "needle"}, "hay needle hay", ""},
		{Check{BodyContains: "needle"}, "hay", FailCheck},
		{Check{BodyContains: "needle"}, "", FailCheck},
		{Check{JSON: []JSONCheck{{"{.status.ready}", new("true")}}}, body, ""},
		{Check{JSON: []JSONCheck{{"{..a}", nil}}}, nested, FailCheck}, // 200 times as much text
		{Check{JSON: []JSONCheck{{"{.status.ready}", new("false")}}}, body, FailCheck},
		{Check{JSON: []JSONCheck{{"{.status.ready}", nil}}}, body, ""},
		{Check{JSON: []JSONCheck{{"{.status.missing}", nil}}}, body, FailCheck},
		{Check{JSON: []JSONCheck{{"{.status.missing}", new("")}}}, body, FailCheck},
		{Check{JSON: []JSONCheck{{"{.text}", new("")}}}, body, FailCheck},
		{Check{JSON: []JSONCheck{{"{.error}", new("")}}}, `{"error":""}`, ""},
		{Check{JSON: []JSONCheck{{"{.error}", new("")}}}, `{"error":"sold out"}`, FailCheck},
		{Check{JSON: []JSONCheck{{"{.status.count}", new("2")}}}, body, ""},
		{Check{JSON: []JSONCheck{{"{.status.ratio}", new("0.5")}}}, body, ""},
		{Check{JSON: []JSONCheck{{"{.status.pods[1].name}", new("b")}}}, body, ""},
		{Check{JSON: []JSONCheck{{"{.status.pods[2].name}", nil}}}, body, FailCheck},
		{Check{JSON: []JSONCheck{{"{.status.pods[*].name}", new("a b")}}}, body, ""},
		{Check{JSON: []JSONCheck{{"{.text}", new("x y")}, {"{.status.count}", new("3")}}}, body, FailCheck},
		{Check{BodyContains: `"x y"`, JSON: []JSONCheck{{"{.text}", new("x y")}}}, body, ""},
		{Check{JSON: []JSONCheck{{"{range .status.pods[*]}{.name},{end}", new("a,b,")}}}, body, ""},
		{Check{JSON: []JSONCheck{{"{range .status.pods[*]}{.name},{end}", new("a,")}}}, body, FailCheck},
		{Check{JSON: []JSONCheck{{"{.a}", nil}}}, "not JSON", FailCheck},
		{Check{JSON: []JSONCheck{{"{.a}", nil}}}, `{"a":1`, FailCheck},
		{Check{JSON: []JSONCheck{{"{.a}", nil}}}, "", FailCheck},
	} {
		k := c.check.checker()
		for range 2 { // a checker is used again and again
			if got := k.body([]byte(c.body)); got != c.want {
				t.Errorf("%+v of %.40q: %q, want %q", c.check, c.body, got, c.want)
			}
		}
	}
}

// Whatever path meets whatever document: that is right or wrong, and never the
// end of the agent, nor of what the checker knows.
func TestCheckSurvivesEveryDocument(t *testing.T) {
	documents := []string{"null", "[]", "{}", "[null]", `{"a":null}`, `{"a":[null]}`, `{"a":[[null],null]}`, `{"a":{"b":null}}`,
		"0", "-1.5", `""`, `"text"`, "true", `[[],{}]`, `[1,"a",null,{"a":1}]`, `{"a":[{"b":1},{"b":null},null,3]}`, " null "}
	paths := []string{"{[0]}", "{[*]}", "{[-1]}", "{[0:2]}", "{[0:3:2]}", "{[0,1]}", "{[0][0]}", "{[*][*]}", "{[*].a}", "{$}", "{@}", "{}", "{.}", "{.a}", "{.a[0]}",
		"{.a[*]}", "{.a[*].b}", "{.a[0][0]}", "{.a[-1:]}", "{['a']}", "{['a','b']}", "{..}", "{..a}", "{..b}", "{..[0]}", "{.*}", "{.a.*}", "{.a.b.c}",
		`{[?(@.a==1)]}`, `{.a[?(@.b==1)].b}`, `{.a[?(@.b)]}`, `{.a[?(@.b>"x")]}`, "{range [*]}{@}{end}", "{range .a[*]}{.b}{end}", "{range .a[*]}{[0]}{end}",
		"{range .a[*]}{[*]}{end}", "{range [*]}", "{end}", "text", "{1}", "{true}", `{"x"}`}
	const sound = `{"a":[{"b":1},{"b":2}]}`
	for _, p := range paths {
		check := Check{JSON: []JSONCheck{{Path: p}}}
		if err := check.Validate(); err != nil {
			t.Errorf("path %q: %v", p, err)
		}
		k := check.checker()
		before := k.body([]byte(sound))
		for _, d := range documents {
			first := k.body([]byte(d))
			if again := k.body([]byte(d)); again != first || strings.TrimSpace(d) == "null" && first != FailCheck {
				t.Errorf("%q of %s: %q, then %q", p, d, first, again)
			}
		}
		if after := k.body([]byte(sound)); after != before {
			t.Errorf("%q of %s: %q at first, %q after other documents", p, sound, before, after)
		}
	}
}

// To look into a body is not the server's time.
func TestCheckTime(t *testing.T) {
	for _, c := range []struct {
		check Check
		looks bool
	}{{Check{}, false}, {Check{Status: []string{"200"}}, false}, {Check{BodyContains: "y"}, true}, {Check{JSON: []JSONCheck{{Path: "{[0]}"}}}, true}} {
		var a Answer
		c.check.checker().look(&a, []byte("["+strings.Repeat("1,", 50<<10)+`"y"]`))
		if a.Checked > 0 != c.looks || a.Failure != "" {
			t.Errorf("%+v: %+v", c.check, a)
		}
	}
}

// Of a body no more is kept than may be looked into, and nothing where nobody
// looks.
func TestCheckKeeps(t *testing.T) {
	block := []byte(strings.Repeat("x", 300<<10))
	var kept, none []byte
	k, indifferent := (&Check{BodyContains: "y"}).checker(), (&Check{Status: []string{"200"}}).checker()
	for range 5 {
		kept, none = k.keep(kept, block), indifferent.keep(none, block)
	}
	if len(kept) != largestChecked || none != nil {
		t.Errorf("kept %d and %d bytes", len(kept), len(none))
	}
}

func TestCheckValidate(t *testing.T) {
	if err := (&Check{JSON: []JSONCheck{{"{.a[0]}", nil}}}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (&Check{JSON: []JSONCheck{{"{.a[", nil}}}).Validate(); err == nil || !strings.Contains(err.Error(), `"{.a["`) {
		t.Errorf("%v", err)
	}
}
