package http2

import (
	"bytes"
	"encoding/binary"
	"fmt"

	h2 "golang.org/x/net/http2"
)

// parse acts on all that has been read and is complete. An error ends the
// session. It is called with the mutex held.
func (s *session) parse() error {
	in := &s.in
	for {
		if in.data.open && !s.readData() {
			return nil
		}
		b := in.unread()
		if len(b) < frameHeader {
			return nil
		}
		length, kind, flags := length24(b), h2.FrameType(b[3]), h2.Flags(b[4])
		id := binary.BigEndian.Uint32(b[5:]) & maxID
		switch {
		case !in.greeted && (kind != h2.FrameSettings || flags.Has(h2.FlagSettingsAck)):
			if bytes.HasPrefix(b, []byte("HTTP/")) {
				return ErrNotHTTP2
			}
			return offence(h2.ErrCodeProtocol, "its first frame, of type %d, is not its SETTINGS", uint8(kind))
		case length > smallestFrame:
			return offence(h2.ErrCodeFrameSize, "a frame of %d bytes", length)
		case in.blockID != 0 && (kind != h2.FrameContinuation || id != in.blockID):
			return offence(h2.ErrCodeProtocol, "a frame of type %d inside a header block", uint8(kind))
		}
		if kind == h2.FrameData {
			// One byte more where there is padding: its length.
			if flags.Has(h2.FlagDataPadded) && length > 0 && len(b) == frameHeader {
				return nil
			}
			if err := s.beginData(b, length, flags, id); err != nil {
				return err
			}
			continue
		}
		if len(b) < frameHeader+length {
			return nil
		}
		if err := s.frame(kind, flags, id, b[frameHeader:frameHeader+length]); err != nil {
			return err
		}
		in.skip(frameHeader + length)
		if len(s.pending) > maxPending {
			return offence(h2.ErrCodeEnhanceYourCalm, "it reads nothing of what it asks for")
		}
	}
}

// frame acts on one whole frame that is not DATA.
func (s *session) frame(kind h2.FrameType, flags h2.Flags, id uint32, p []byte) error {
	switch kind {
	case h2.FrameHeaders:
		return s.headersFrame(flags, id, p)
	case h2.FrameContinuation:
		return s.continuationFrame(flags, p)
	case h2.FrameSettings:
		return s.settingsFrame(flags, id, p)
	case h2.FrameWindowUpdate:
		return s.windowFrame(id, p)
	case h2.FrameRSTStream:
		return s.resetFrame(id, p)
	case h2.FrameGoAway:
		return s.goAwayFrame(id, p)
	case h2.FramePing:
		if id != 0 || len(p) != 8 {
			return offence(h2.ErrCodeProtocol, "a malformed PING")
		}
		if !flags.Has(h2.FlagPingAck) {
			s.pending = appendFrame(s.pending, h2.FramePing, h2.FlagPingAck, 0, p)
		}
	case h2.FramePushPromise:
		return offence(h2.ErrCodeProtocol, "a push, though pushes are switched off")
	}
	return nil // PRIORITY, and frames of extensions
}

func (s *session) settingsFrame(flags h2.Flags, id uint32, p []byte) error {
	if id != 0 || len(p)%6 != 0 || flags.Has(h2.FlagSettingsAck) && len(p) > 0 {
		return offence(h2.ErrCodeFrameSize, "malformed SETTINGS")
	}
	if flags.Has(h2.FlagSettingsAck) {
		return nil
	}
	s.in.greeted = true
	for ; len(p) > 0; p = p[6:] {
		value := binary.BigEndian.Uint32(p[2:])
		switch h2.SettingID(binary.BigEndian.Uint16(p)) {
		case h2.SettingHeaderTableSize:
			// A table smaller than at the beginning is not used at all. The
			// request says so once more after each such setting, as is due.
			if value < defaultTable {
				s.request = encodeRequest(s.owner.fields, s.owner.config.Body, false)
				s.opened = false
			}
		case h2.SettingMaxConcurrentStreams:
			s.maxStreams = min(value, unlimited)
		case h2.SettingInitialWindowSize:
			if value > maxWindow {
				return offence(h2.ErrCodeFlowControl, "a window of %d", value)
			}
			if err := s.resizeWindows(int64(value) - s.streamWindow); err != nil {
				return err
			}
		case h2.SettingMaxFrameSize:
			// We never send larger frames than the smallest limit.
			if value < smallestFrame || value >= 1<<24 {
				return offence(h2.ErrCodeProtocol, "a limit of %d for frames", value)
			}
		}
	}
	s.pending = appendFrame(s.pending, h2.FrameSettings, h2.FlagSettingsAck, 0, nil)
	s.admit()
	return nil
}

func (s *session) resizeWindows(by int64) error {
	s.streamWindow += by
	for _, sl := range s.table {
		if sl == nil {
			continue
		}
		if sl.sendWindow += by; sl.sendWindow > maxWindow {
			return offence(h2.ErrCodeFlowControl, "a window of %d", sl.sendWindow)
		}
	}
	s.pokeBodies()
	return nil
}

func (s *session) windowFrame(id uint32, p []byte) error {
	if len(p) != 4 {
		return offence(h2.ErrCodeFrameSize, "a malformed WINDOW_UPDATE")
	}
	more := int64(binary.BigEndian.Uint32(p) & maxWindow)
	if id == 0 {
		if s.sendWindow += more; more == 0 || s.sendWindow > maxWindow {
			return offence(h2.ErrCodeFlowControl, "the connection's window made larger by %d", more)
		}
		s.pokeBodies()
		return nil
	}
	if err := s.known(id); err != nil {
		return err
	}
	if sl := s.lookup(id); sl != nil {
		if sl.sendWindow += more; more == 0 || sl.sendWindow > maxWindow {
			s.malformed(sl, h2.ErrCodeFlowControl, "a stream's window was made larger by %d", more)
			return nil
		}
		sl.poke()
	}
	return nil
}

func (s *session) resetFrame(id uint32, p []byte) error {
	if len(p) != 4 {
		return offence(h2.ErrCodeFrameSize, "a malformed RST_STREAM")
	}
	if err := s.known(id); err != nil {
		return err
	}
	sl := s.lookup(id)
	if sl == nil {
		return nil
	}
	code := h2.ErrCode(binary.BigEndian.Uint32(p))
	kind := Stream
	switch {
	case code == h2.ErrCodeRefusedStream:
		kind = Refused
	case sl.status > 0:
		kind = Body
	}
	s.complete(sl, failure(kind, "the peer reset the stream: %v", code))
	return nil
}

func (s *session) goAwayFrame(id uint32, p []byte) error {
	if id != 0 || len(p) < 8 {
		return offence(h2.ErrCodeFrameSize, "a malformed GOAWAY")
	}
	last := binary.BigEndian.Uint32(p) & maxID
	said := h2.ErrCode(binary.BigEndian.Uint32(p[4:])).String()
	if text := p[8:min(len(p), 8+200)]; len(text) > 0 {
		said += fmt.Sprintf(" %q", text)
	}
	why := failure(Refused, "the peer ended the connection to %q before this request (%s); look for its limit of requests per connection",
		s.owner.config.Address, said)
	s.drain(why) // first: what ends below must not let others in
	for _, sl := range s.table {
		if sl != nil && sl.id > last {
			s.complete(sl, why)
		}
	}
	return nil
}

// known refuses frames for streams that were never opened.
func (s *session) known(id uint32) error {
	if id == 0 || id%2 == 0 || id >= s.nextID {
		return offence(h2.ErrCodeProtocol, "a frame for stream %d, which is not open", id)
	}
	return nil
}
