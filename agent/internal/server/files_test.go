package server

import (
	"math"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/agent/internal/load"
)

func TestMoreConnectionsThanFilesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name                 string
		connections, targets int
		limit                uint64
		refused              bool
	}{
		{"few", 16, 1, 100, false},
		{"all that there are", 1024 - baseFiles, 1, 1024, false},
		{"one too many", 1024 - baseFiles + 1, 1, 1024, true},
		{"few to many targets", 100, 32, 1024, true},
		{"without a limit", maxConnections, maxTargets, math.MaxUint64, false},
		{"no room for the rest", 1, 1, 10, true},
	} {
		err := filesFit(&load.Plan{Connections: c.connections}, c.targets, c.limit)
		if (err != nil) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "more agents") || !strings.Contains(err.Error(), "ulimit -n")) {
			t.Errorf("%v says nothing of what to do", err)
		}
	}
}
