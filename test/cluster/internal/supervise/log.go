package supervise

import (
	"os"
	"sync"
)

// maxLog bounds a log file; one older file of that size is kept beside it. A
// cluster that stays up for weeks must not fill the disk.
const maxLog = 16 << 20

type logFile struct {
	mu   sync.Mutex
	path string
	file *os.File
	size int64
	max  int64
}

func openLog(path string) (*logFile, error) {
	l := &logFile{path: path, max: maxLog}
	return l, l.open()
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write never fails: a program must not block on its log because the disk is full.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+int64(len(p)) > l.max {
		l.file.Close()
		os.Rename(l.path, l.path+".1")
		if err := l.open(); err != nil {
			l.size = 0
			return len(p), nil
		}
	}
	n, _ := l.file.Write(p)
	l.size += int64(n)
	return len(p), nil
}

func (l *logFile) Close() error { return l.file.Close() }
