package statistics

import "math"

// NormalCDF is the share of the standard normal distribution below z.
func NormalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// NormalQuantile is what a share p of the standard normal distribution is below.
func NormalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// studentQuantile is what a share p of Student's t distribution is below, p being
// 0.5 to 1, by bisection of studentTail.
func studentQuantile(p float64, freedom int) float64 {
	low, high := 0.0, 1.0
	for studentTail(high, freedom) > 1-p && high < 1e12 {
		high *= 2
	}
	for range 100 {
		middle := low + (high-low)/2
		if studentTail(middle, freedom) > 1-p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// studentTail is the share of Student's t distribution above t, which is at least 0:
// the finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4.
func studentTail(t float64, freedom int) float64 {
	v := float64(freedom)
	theta := math.Atan(t / math.Sqrt(v))
	sin, cos := math.Sincos(theta)
	sum, term := 0.0, 1.0
	if freedom%2 == 1 {
		term = cos
		for k := 3; k <= freedom; k += 2 {
			sum += term
			term *= cos * cos * float64(k-1) / float64(k)
		}
		return max(0, (1-2/math.Pi*(theta+sin*sum))/2)
	}
	for k := 2; k <= freedom; k += 2 {
		sum += term
		term *= cos * cos * float64(k-1) / float64(k)
	}
	return max(0, (1-sin*sum)/2)
}
