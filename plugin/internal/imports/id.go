package imports

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Runs of other tools began within these years: what says otherwise is no time.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// runID is a UUIDv7 (RFC 9562) whose time is the Run's start and whose other 74
// bits are those of a hash of its content: the same Run gets the same id, and two
// that began in the same millisecond do not.
func runID(start time.Time, content []byte) (string, error) {
	if start.Before(earliest) || !start.Before(latest) {
		return "", fmt.Errorf("it does not tell when the run began: %s is no such time", start.UTC().Format(time.RFC3339))
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(start.UnixMilli()))
	sum := sha256.Sum256(content)
	var id uuid.UUID
	copy(id[:6], ms[2:])
	copy(id[6:], sum[:])
	id[6] = 0x70 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	return id.String(), nil
}
