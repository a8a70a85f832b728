package http2

// tableUse is what a header block does with the table of fields that both ends
// keep. https://www.rfc-editor.org/rfc/rfc7541#section-6
type tableUse struct {
	refers  bool // to fields that other blocks have added
	adds    bool
	resizes bool
}

// staticFields is how many fields come before the table's own.
const staticFields = 61

// usage looks through a well-formed header block.
func usage(b []byte) tableUse {
	var u tableUse
	for len(b) > 0 {
		var index, n uint64
		switch c := b[0]; {
		case c >= 0x80: // indexed field
			index, b = integer(b, 7)
			u.refers = u.refers || index > staticFields
			continue
		case c >= 0x40: // literal that is added
			index, b = integer(b, 6)
			u.adds = true
		case c >= 0x20: // new size of the table
			_, b = integer(b, 5)
			u.resizes = true
			continue
		default: // literal that is not added
			index, b = integer(b, 4)
		}
		u.refers = u.refers || index > staticFields
		if index == 0 { // the name is a literal too
			n, b = integer(b, 7)
			b = b[min(n, uint64(len(b))):]
		}
		n, b = integer(b, 7)
		b = b[min(n, uint64(len(b))):]
	}
	return u
}

// integer reads a number whose first byte holds the given number of its bits.
// https://www.rfc-editor.org/rfc/rfc7541#section-5.1
func integer(b []byte, bits uint) (uint64, []byte) {
	if len(b) == 0 {
		return 0, nil
	}
	most := uint64(1)<<bits - 1
	n := uint64(b[0]) & most
	b = b[1:]
	if n < most {
		return n, b
	}
	for shift := uint(0); len(b) > 0 && shift < 63; shift += 7 {
		c := b[0]
		b = b[1:]
		n += uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	return n, b
}
