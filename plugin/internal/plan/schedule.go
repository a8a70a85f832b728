package plan

import "math/rand/v2"

// Slot is one place in the order of runs. A run that is invalid leaves its slot
// to the next attempt.
type Slot struct {
	// Block is the repetition, from 1.
	Block   int    `json:"block"`
	Test    string `json:"test"`
	Variant string `json:"variant"`
}

// Order is randomised in interleaved blocks: every block holds every Test with
// every variant once, the Tests in random order and, one after the other, the
// variants of a Test in random order. So the runs that are compared lie next to
// each other in time, and what drifts meanwhile is on no variant's side.
//
// A block depends on the seed and its own number only: more blocks leave those
// before as they are. Every version of the program makes the same order of a seed.
func Order(seed uint64, blocks int, tests, variants []string) []Slot {
	var all []Slot
	for b := 1; b <= blocks; b++ {
		random := rand.NewPCG(seed, uint64(b))
		for _, t := range shuffled(random, tests) {
			for _, v := range shuffled(random, variants) {
				all = append(all, Slot{Block: b, Test: t, Variant: v})
			}
		}
	}
	return all
}

// shuffled is a random order of words (Fisher and Yates), each equally likely.
func shuffled(random *rand.PCG, words []string) []string {
	out := append([]string(nil), words...)
	for i := len(out) - 1; i > 0; i-- {
		j := below64(random, uint64(i+1))
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// below64 is a random number of 0 to n-1. Numbers of the generator that would make
// some of them likelier are passed over. It is written out so that no release of
// the standard library changes an order that a seed stands for.
func below64(random *rand.PCG, n uint64) uint64 {
	least := -n % n // 2^64 mod n
	for {
		if v := random.Uint64(); v >= least {
			return v % n
		}
	}
}
