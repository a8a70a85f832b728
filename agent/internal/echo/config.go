package echo

import "fmt"

// maxBody bounds bodies in both directions.
const maxBody = 16 << 20

// Config says where the workload listens and what it answers.
type Config struct {
	// Listen is the address of the workload.
	Listen string
	// MetricsListen is the address of /metrics, apart from the workload's, so
	// that a mesh in front of it does not count the scraper's requests.
	MetricsListen string
	// BodyBytes is the size of an answer's body, 0 to 16 MiB.
	BodyBytes int
}

func (c Config) validate() error {
	if c.BodyBytes < 0 || c.BodyBytes > maxBody {
		return fmt.Errorf("body size %d is not between 0 and %d", c.BodyBytes, maxBody)
	}
	return nil
}
