package spool

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A record is its length and the CRC-32C of its bytes, both 32 bits, little
// endian, and then the bytes.
const headerSize = 8

// maxRecord is more than any chunk: a larger length means a torn record.
const maxRecord = 64 << 20

// Log is one run's records, numbered from 1. Safe for concurrent use.
type Log struct {
	path string

	mu      sync.Mutex
	file    *os.File
	ends    []int64 // ends[i] is where record i+1 ends
	crc     uint32  // CRC-32C of all records' bytes in order
	changed chan struct{}
}

func openLog(path string, flag int) (*Log, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	l := &Log{path: path, file: f, changed: make(chan struct{})}
	if err := l.scan(); err != nil {
		return nil, errors.Join(fmt.Errorf("open spool: %w", err), f.Close())
	}
	return l, nil
}

// scan finds the whole records and cuts off what stands after them.
func (l *Log) scan() error {
	r := bufio.NewReader(l.file)
	var end int64
	for {
		var h [headerSize]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			break
		}
		n, sum := binary.LittleEndian.Uint32(h[:4]), binary.LittleEndian.Uint32(h[4:])
		if n > maxRecord {
			break
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil || crc32.Checksum(b, castagnoli) != sum {
			break
		}
		end += headerSize + int64(n)
		l.ends = append(l.ends, end)
		l.crc = crc32.Update(l.crc, castagnoli, b)
	}
	return l.file.Truncate(end)
}

// Append writes the record that record returns for the next number, and returns
// the number. record also gets the number of records before it and their CRC-32C.
func (l *Log) Append(record func(seq uint64, crc32c uint32) ([]byte, error)) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := uint64(len(l.ends)) + 1
	b, err := record(seq, l.crc)
	if err != nil {
		return 0, err
	}
	end := l.endOf(seq - 1)
	framed := append(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil,
		uint32(len(b))), crc32.Checksum(b, castagnoli)), b...)
	if _, err := l.file.WriteAt(framed, end); err != nil {
		// What was written of it is overwritten by the next one, or cut off.
		return 0, fmt.Errorf("write spool: %w", err)
	}
	l.ends = append(l.ends, end+int64(len(framed)))
	l.crc = crc32.Update(l.crc, castagnoli, b)
	close(l.changed)
	l.changed = make(chan struct{})
	return seq, nil
}

func (l *Log) endOf(seq uint64) int64 {
	if seq == 0 {
		return 0
	}
	return l.ends[seq-1]
}

// Read returns record seq; io.EOF when it is not written yet.
func (l *Log) Read(seq uint64) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq == 0 || seq > uint64(len(l.ends)) {
		return nil, io.EOF
	}
	start, end := l.endOf(seq-1), l.endOf(seq)
	b := make([]byte, end-start-headerSize)
	if _, err := l.file.ReadAt(b, start+headerSize); err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	return b, nil
}

// Last is the number of the newest record, 0 when there is none.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.ends))
}

// Changed is closed at the next Append.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Bytes is the size of the file.
func (l *Log) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.endOf(uint64(len(l.ends)))
}

// Close closes the file and keeps it.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
