package http2

import (
	"fmt"

	h2 "golang.org/x/net/http2"
)

// headersFrame begins a header block: an answer, an interim one, or trailers.
func (s *session) headersFrame(flags h2.Flags, id uint32, p []byte) error {
	if err := s.known(id); err != nil {
		return err
	}
	if flags.Has(h2.FlagHeadersPadded) {
		if len(p) == 0 || int(p[0]) >= len(p) {
			return offence(h2.ErrCodeProtocol, "HEADERS with more padding than they are long")
		}
		p = p[1 : len(p)-int(p[0])]
	}
	if flags.Has(h2.FlagHeadersPriority) {
		if len(p) < 5 {
			return offence(h2.ErrCodeFrameSize, "HEADERS without their priority")
		}
		p = p[5:]
	}
	end := flags.Has(h2.FlagHeadersEndStream)
	if flags.Has(h2.FlagHeadersEndHeaders) {
		return s.headers(s.lookup(id), p, end)
	}
	in := &s.in
	in.block = append(in.block[:0], p...)
	in.blockID, in.blockEnd, in.blockLen = id, end, frameHeader+len(p)
	return nil
}

func (s *session) continuationFrame(flags h2.Flags, p []byte) error {
	in := &s.in
	if in.blockID == 0 {
		return offence(h2.ErrCodeProtocol, "a CONTINUATION of nothing")
	}
	// Frame headers count too, so that empty frames come to an end as well.
	if in.blockLen += frameHeader + len(p); in.blockLen > maxHeaderList {
		return offence(h2.ErrCodeEnhanceYourCalm, "header fields of more than %d bytes", maxHeaderList)
	}
	in.block = append(in.block, p...)
	if !flags.Has(h2.FlagContinuationEndHeaders) {
		return nil
	}
	sl := s.lookup(in.blockID)
	in.blockID = 0
	return s.headers(sl, in.block, in.blockEnd)
}

// headers acts on a whole header block. Also one that nobody wants is decoded, as
// it may change the table of fields.
func (s *session) headers(sl *slot, block []byte, end bool) error {
	h, err := s.heads.decode(block)
	if err != nil {
		return offence(h2.ErrCodeCompression, "header fields that cannot be decoded: %v", err)
	}
	if sl == nil {
		return nil
	}
	sl.headerBytes += int64(len(block))
	switch {
	case h.malformed != "":
		s.malformed(sl, h2.ErrCodeProtocol, "%s", h.malformed)
		return nil
	case sl.status > 0: // trailers
		if h.status > 0 || !end {
			s.malformed(sl, h2.ErrCodeProtocol, "it has two beginnings")
			return nil
		}
	case h.status == 0:
		s.malformed(sl, h2.ErrCodeProtocol, "it has no status")
		return nil
	case h.status < 200: // interim: the answer is still to come
		if end || h.status == 101 {
			s.malformed(sl, h2.ErrCodeProtocol, "it ends with status %d", h.status)
		}
		return nil
	default:
		sl.status, sl.length = h.status, h.length
	}
	if end {
		s.whole(sl)
	}
	return nil
}

// beginData acts on the header of a DATA frame. All its payload, padding included,
// counts for the windows.
func (s *session) beginData(b []byte, length int, flags h2.Flags, id uint32) error {
	if err := s.known(id); err != nil {
		return err
	}
	d := payload{open: true, slot: s.lookup(id), left: length, end: flags.Has(h2.FlagDataEndStream)}
	skip := frameHeader
	if flags.Has(h2.FlagDataPadded) {
		if length == 0 || int(b[frameHeader]) >= length {
			return offence(h2.ErrCodeProtocol, "DATA with more padding than it is long")
		}
		skip++
		d.padding = int(b[frameHeader])
		d.left -= 1 + d.padding
	}
	s.in.skip(skip)
	n := int64(length)
	if s.receiveWindow -= n; s.receiveWindow < 0 {
		return offence(h2.ErrCodeFlowControl, "more data than the window allows")
	}
	s.unreported += n
	if s.unreported >= receiveWindow/2 {
		s.pending = appendNumber(s.pending, h2.FrameWindowUpdate, 0, uint32(s.unreported))
		s.receiveWindow += s.unreported
		s.unreported = 0
	}
	s.in.data = d
	if sl := d.slot; sl != nil {
		sl.receiveWindow -= n
		sl.unreported += n
		switch {
		case sl.receiveWindow < 0:
			s.malformed(sl, h2.ErrCodeFlowControl, "it is larger than the window allows")
		case sl.status == 0:
			s.malformed(sl, h2.ErrCodeProtocol, "its body comes before its header fields")
		case sl.unreported >= receiveWindow/2 && !d.end:
			s.pending = appendNumber(s.pending, h2.FrameWindowUpdate, id, uint32(sl.unreported))
			sl.receiveWindow += sl.unreported
			sl.unreported = 0
		}
	}
	return nil
}

// readData takes what has come of a DATA frame; false when there is more to come.
func (s *session) readData() bool {
	in := &s.in
	d := &in.data
	sl := d.slot
	b := in.unread()
	n := min(len(b), d.left)
	if n > 0 && sl != nil {
		sl.bodyBytes += int64(n)
		if room := s.owner.config.Capture - len(sl.body); room > 0 {
			sl.body = append(sl.body, b[:min(n, room)]...)
		}
	}
	d.left -= n
	skip := min(len(b)-n, d.padding)
	d.padding -= skip
	in.skip(n + skip)
	if d.left > 0 || d.padding > 0 {
		return false
	}
	d.open = false
	if d.end && sl != nil {
		s.whole(sl)
	}
	return true
}

// whole acts on the end of an answer.
func (s *session) whole(sl *slot) {
	bodiless := s.owner.config.Method == "HEAD" || sl.status == 204 || sl.status == 304
	var err *Error
	switch {
	case bodiless && sl.bodyBytes > 0:
		err = failure(Body, "a body of %d bytes where there is none to be", sl.bodyBytes)
	case !bodiless && sl.length >= 0 && sl.length != sl.bodyBytes:
		err = failure(Body, "a body of %d bytes where %d were announced", sl.bodyBytes, sl.length)
	}
	if len(sl.unsent) > 0 { // nobody needs the rest of the request
		s.pending = appendNumber(s.pending, h2.FrameRSTStream, sl.id, uint32(h2.ErrCodeCancel))
	}
	s.complete(sl, err)
}

// malformed ends a call whose answer is, and tells the peer.
func (s *session) malformed(sl *slot, code h2.ErrCode, format string, args ...any) {
	kind := Stream
	if sl.status > 0 {
		kind = Body
	}
	s.pending = appendNumber(s.pending, h2.FrameRSTStream, sl.id, uint32(code))
	s.complete(sl, failure(kind, "the answer is malformed: %s", fmt.Sprintf(format, args...)))
}

// complete ends a call; its worker is told after the reader has unlocked.
func (s *session) complete(sl *slot, err *Error) {
	s.take(sl, err)
	s.completed = append(s.completed, sl)
}
