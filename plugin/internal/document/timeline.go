package document

import "time"

// PointWidth is how long a Point of the timeline stands for: whole seconds, a second
// where a single point does not tell.
func (s *Status) PointWidth() time.Duration {
	width := 0
	for i := 1; i < len(s.Timeline); i++ {
		if d := s.Timeline[i].Second - s.Timeline[i-1].Second; d > 0 && (width == 0 || d < width) {
			width = d
		}
	}
	return max(1, time.Duration(width)) * time.Second
}

// Stretch is the time of a Point of r, whose points are that wide, counted from
// StartTime: below zero in the warm-up. Where the warm-up ends inside a point there are
// two of it, and each has its side; the last point ends with the measured time.
func (r *Result) Stretch(p Point, width time.Duration) (from, to time.Duration) {
	from = time.Duration(p.Second)*time.Second - time.Duration(r.Spec.Load.Warmup)
	to = from + width
	if p.Warmup {
		if from < 0 {
			to = min(to, 0)
		}
		return from, to
	}
	if to > 0 {
		from = max(from, 0)
	}
	if measured := r.Status.EndTime.Sub(r.Status.StartTime); from < measured {
		to = min(to, measured)
	}
	return from, to
}
