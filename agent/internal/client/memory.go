package client

// onTheWay is how much of a request's body may be in buffers at a time; the body
// itself is there once for all workers.
const onTheWay = 256 << 10

// BytesPerConnection is about what one connection takes of memory at most, as long
// as answers are like the first; those of gRPC are not in it.
func (c *Clients) BytesPerConnection() int64 {
	t := &c.target
	streams := int64(max(1, t.Streams))
	var call int64
	switch t.Protocol {
	case TCP, UDP:
		call = int64(len(t.Body)) + 1 // what comes back
	default:
		call = int64(min(len(t.Body)+len(t.GRPC.Message), onTheWay))
	}
	// The fast client looks at answers where they arrived.
	if t.Check.bodyChecker() != nil && c.Kind != Fast {
		call += largestChecked
	}
	return 64<<10 + (streams-1)*16<<10 + streams*call
}
