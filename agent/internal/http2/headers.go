package http2

import (
	"bytes"
	"strconv"

	"golang.org/x/net/http2/hpack"
)

// maxHeaderList bounds the header fields of an answer, as a header block on the
// wire and as RFC 9113 counts them (SETTINGS_MAX_HEADER_LIST_SIZE).
const maxHeaderList = 256 << 10

// head is what is wanted of a header block.
type head struct {
	status int   // 0 where there was none
	length int64 // content-length; -1 where there was none
	// malformed is what is wrong with the block, for the error; the connection
	// can go on.
	malformed string
}

// headDecoder reads header blocks. Answers to the same request mostly have the
// same block, byte for byte, so the last few are remembered and only compared.
//
// There are peers that add to the table of fields in each block and never refer to
// it. Their blocks say the same whatever is in the table, so the table is brought
// up to date only when a block comes that has to be decoded.
type headDecoder struct {
	hpack *hpack.Decoder
	head  head
	list  int
	known [4]knownBlock
	next  int
	// due are the blocks, as places in known, that the table has still to get.
	due []uint8
}

type knownBlock struct {
	block []byte
	head  head
	adds  bool // it adds to the table
	fixed bool // it does not depend on the table
}

// maxDue blocks that each add a field replace all the table's fields: the smallest
// counts for 32 bytes. https://www.rfc-editor.org/rfc/rfc7541#section-4.1
const maxDue = defaultTable / 32

func newHeadDecoder() *headDecoder {
	d := &headDecoder{}
	d.hpack = hpack.NewDecoder(defaultTable, d.field)
	d.hpack.SetMaxStringLength(maxHeaderList)
	return d
}

// decode reads a whole block. An error means that the table of fields is lost,
// and with it the connection.
func (d *headDecoder) decode(block []byte) (head, error) {
	for i := range d.known {
		k := &d.known[i]
		if len(k.block) == 0 || !bytes.Equal(k.block, block) {
			continue
		}
		if k.adds {
			if len(d.due) == maxDue { // the oldest has no effect any more
				d.due = d.due[:copy(d.due, d.due[1:])]
			}
			d.due = append(d.due, uint8(i))
			// Those that refer to the table are not what they were.
			d.forget(false)
		}
		return k.head, nil
	}
	if err := d.catchUp(); err != nil {
		return head{}, err
	}
	if err := d.feed(block, true); err != nil {
		return head{}, err
	}
	use := usage(block)
	if use.resizes || use.adds {
		d.forget(use.resizes)
	}
	if !use.resizes && !(use.adds && use.refers) {
		k := &d.known[d.next]
		d.next = (d.next + 1) % len(d.known)
		k.block = append(k.block[:0], block...)
		k.head, k.adds, k.fixed = d.head, use.adds, !use.refers
	}
	return d.head, nil
}

// forget forgets the blocks that refer to the table, or all.
func (d *headDecoder) forget(all bool) {
	for i := range d.known {
		if k := &d.known[i]; all || !k.fixed {
			k.block = k.block[:0]
		}
	}
}

// catchUp brings the table up to date.
func (d *headDecoder) catchUp() error {
	for _, i := range d.due {
		if err := d.feed(d.known[i].block, false); err != nil {
			return err
		}
	}
	d.due = d.due[:0]
	return nil
}

// feed decodes a block, with or without looking at its fields.
func (d *headDecoder) feed(block []byte, look bool) error {
	d.head, d.list = head{length: -1}, 0
	d.hpack.SetEmitEnabled(look)
	if _, err := d.hpack.Write(block); err != nil {
		return err
	}
	return d.hpack.Close()
}

func (d *headDecoder) field(f hpack.HeaderField) {
	h := &d.head
	if d.list += int(f.Size()); d.list > maxHeaderList {
		h.malformed = "its header fields are larger than " + strconv.Itoa(maxHeaderList) + " bytes"
		d.hpack.SetEmitEnabled(false) // only the table is kept up
		return
	}
	switch f.Name {
	case ":status":
		n, err := strconv.ParseUint(f.Value, 10, 16)
		if err != nil || len(f.Value) != 3 || n < 100 || h.status != 0 {
			h.malformed = "its status is " + strconv.Quote(f.Value)
			return
		}
		h.status = int(n)
	case "content-length":
		n, err := strconv.ParseUint(f.Value, 10, 63)
		if err != nil || h.length >= 0 && h.length != int64(n) {
			h.malformed = "its content-length is " + strconv.Quote(f.Value)
			return
		}
		h.length = int64(n)
	}
}
