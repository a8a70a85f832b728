// Study reckons the tables of docs/compare.md: how often intervals cover a known
// difference, how often a comparison of a thing with itself finds one, what is said of sides that
// differ in more than a shift, and how large a difference has to be to be found. It takes some minutes, has no options, and its
// seeds are fixed, so that it prints the same wherever it is run:
//
//	go run ./plugin/internal/compare/study
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
)

func main() {
	intervals()
	merged()
	shapes()
	if err := verdicts(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// row of a table.
func row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }

func head(title string, columns ...string) {
	fmt.Printf("\n%s\n\n", title)
	row(columns...)
	fmt.Println(strings.Repeat("|---", len(columns)) + "|")
}

// parallel calls f times over, on a few cores, each with random numbers of its own.
func parallel(times int, seed uint64, f func(random *rand.Rand)) {
	var group sync.WaitGroup
	const workers = 4
	for w := range workers {
		group.Go(func() {
			for i := w; i < times; i += workers {
				f(rand.New(rand.NewPCG(seed, uint64(i))))
			}
		})
	}
	group.Wait()
}

// draws are n figures of runs.
func draws(random *rand.Rand, noise synthetic.Noise, n int, shift float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = noise.Draw(random) + shift
	}
	return x
}
