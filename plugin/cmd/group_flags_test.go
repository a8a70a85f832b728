package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// What is asked for by number has a bound, too.
func TestLastIsBounded(t *testing.T) {
	most := groupFlags{last: mostLast}
	if err := most.complete([]string{"mesh=a", "mesh=b"}, time.Now()); err != nil || most.where.Last != mostLast {
		t.Errorf("%v, %+v", err, most.where)
	}
	any := groupFlags{last: mostLast + 1, anyNumber: true}
	if err := any.complete([]string{"mesh=a"}, time.Now()); err != nil {
		t.Error(err)
	}
	more := groupFlags{last: mostLast + 1}
	if err := more.complete([]string{"mesh=a", "mesh=b"}, time.Now()); exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), "give 2000 or fewer, or choose runs by --since") {
		t.Errorf("%d, %v", exit.Code(err), err)
	}
}
