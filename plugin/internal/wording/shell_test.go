package wording

import (
	"os/exec"
	"testing"
)

// TestShellWord has a shell read what is written for it.
func TestShellWord(t *testing.T) {
	for _, s := range []string{"plain", "a/b:c=d@e,f+g-h.i_j", "", "two words", "it's", `a"b\c`, "$HOME `x` *", "50%", "line\nbreak", "~", "ü"} {
		out, err := exec.Command("sh", "-c", "printf %s "+ShellWord(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q: %q, %v", s, out, err)
		}
	}
	if s := ShellWord("name=checkout"); s != "name=checkout" {
		t.Errorf("quoted for nothing: %s", s)
	}
}
