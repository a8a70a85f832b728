package http2

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// plainHead decodes a block with nothing remembered.
func plainHead(d *hpack.Decoder, block string) (head, error) {
	h := head{length: -1}
	fields, err := d.DecodeFull([]byte(block))
	for _, f := range fields {
		switch f.Name {
		case ":status":
			h.status, _ = strconv.Atoi(f.Value)
		case "content-length":
			h.length, _ = strconv.ParseInt(f.Value, 10, 64)
		}
	}
	return h, err
}

// What the decoder remembers never changes what it reads, whatever peers do with
// the table of fields: use it, only fill it, leave it alone, resize it, in any
// order.
func TestHeadDecoder(t *testing.T) {
	const (
		status     = "\x88"                  // :status 200
		literal    = "\x0f\x0d\x01"          // content-length, not added; a digit follows
		added      = "\x5c\x01"              // the same, added
		addedLong  = "\x40\x01x\x7f\x81\x0a" // x, with 1408 bytes that follow
		addedOther = "\x60\x01"              // age, added; a digit follows
		resize     = "\x24"                  // a table of 4 bytes: emptied
		full       = "\x3f\xe1\x1f"          // and of 4096 again
		nameOf     = "\x7e\x01"              // the last added field's name, added again
	)
	long := strings.Repeat("~", 1408)
	const emptied = 8 // the kind of block that leaves the table empty
	compared, ended := 0, 0
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		d, plain := newHeadDecoder(), hpack.NewDecoder(defaultTable, nil)
		digit := func() string { return strconv.Itoa(rnd.IntN(3)) }
		refer := func() string {
			return string([]byte{byte(0x80 + 62 + rnd.IntN(2))})
		}
		kinds := []func() string{
			func() string { return status + literal + digit() },
			func() string { return status + added + digit() + addedOther + digit() },
			func() string { return status + added + digit() },
			func() string { return status + addedLong + long },
			func() string { return status + refer() },
			func() string { return status + refer() + addedOther + digit() },
			func() string { return status + nameOf + digit() },
			func() string { return resize + full + status + added + digit() + added + digit() },
			func() string { return resize + full + status + literal + digit() },
			func() string { return "" },
		}
		last := emptied
		for i := range 1000 {
			kind := 1
			switch {
			case i%400 > 150: // long stretches of the same sort, as peers have them
				kind = []int{0, 1, 2, 3, emptied}[seed%5]
			case last == emptied: // what refers to the table needs something there
			default:
				kind = rnd.IntN(len(kinds))
			}
			last = kind
			block := kinds[kind]()
			if i%400 == 399 { // a field that was added long ago
				block = status + string([]byte{byte(0x80 + 62 + rnd.IntN(85))})
			}
			got, err := d.decode([]byte(block))
			want, wantErr := plainHead(plain, block)
			if (err != nil) != (wantErr != nil) {
				t.Fatalf("seed %d, block %d %q: %v, want %v", seed, i, block, err, wantErr)
			}
			if err != nil {
				ended++
				break // the connection ends
			}
			if got.malformed = ""; got != want && strings.Count(block, "\x5c") < 2 {
				t.Fatalf("seed %d, block %d %q: %+v, want %+v", seed, i, block, got, want)
			}
			compared++
		}
	}
	if compared < 1e5 {
		t.Errorf("only %d blocks compared, %d sequences ended early", compared, ended)
	}
}
