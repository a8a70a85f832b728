package imports

import (
	"fmt"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// readRate reads the rate that was asked for into l: a number, max or, as our own export
// has it of a run in stages, the least and the greatest ("50 to 500"). These become
// stages that take no time, for how long each was is not in the file.
func readRate(text string, l *document.Load) error {
	least, most, staged := strings.Cut(text, " to ")
	rate, err := document.ParseRate(least)
	if err != nil {
		return err
	}
	if !staged {
		l.Rate = rate
		return nil
	}
	end, err := document.ParseRate(most)
	if err == nil && (rate == document.Max || end < rate) {
		err = fmt.Errorf("%q is no range of rates", text)
	}
	if err != nil {
		return err
	}
	l.Rate, l.Stages = rate, []document.Stage{{Rate: float64(rate)}, {Rate: float64(end)}}
	return nil
}

// constant is the rate of l in requests per second; 0 where it changes, is not known or
// is that of a closed loop.
func constant(l *document.Load) float64 {
	if len(l.Stages) > 0 {
		return 0
	}
	return max(0, float64(l.Rate))
}

// stagesUnknown is a warning where there are stages, and "" elsewhere.
func stagesUnknown(l *document.Load) string {
	if len(l.Stages) == 0 {
		return ""
	}
	return fmt.Sprintf("the run had stages of %s to %s requests per second, and which and how long is not in the file: the Test has the least and the greatest, without their times",
		document.Rate(l.Stages[0].Rate), document.Rate(l.Stages[len(l.Stages)-1].Rate))
}
