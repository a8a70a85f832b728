package histogram

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestManyAtOnceAreAsManyOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 3))
	atOnce, oneByOne := New(), New()
	atOnce.RecordMany(time.Second, 0)
	if atOnce.Count() != 0 {
		t.Error("none counts")
	}
	for range 2000 {
		d := time.Duration(r.Int64N(1 << r.IntN(44)))
		if r.IntN(50) == 0 {
			d = -d
		}
		n := r.Int64N(5)
		atOnce.RecordMany(d, n)
		for range n {
			oneByOne.Record(d)
		}
		least, a, b, before := Least(d), New(), New(), New()
		a.Record(d)
		b.Record(least)
		before.Record(least - 1)
		if least > max(d, 0) || !a.Equal(b) || least > 0 && a.Equal(before) {
			t.Fatalf("the least like %d is not %d", d, least)
		}
	}
	if !atOnce.Equal(oneByOne) {
		t.Error("the counts differ")
	}
}
