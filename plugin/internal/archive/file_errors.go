package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// explainFile adds what to do to an error of the file system.
func explainFile(err error) error {
	if err == nil {
		return nil
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return marked{fmt.Errorf("the disk is full: %w; make room or archive elsewhere (--archive)", err), errFull}
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the disk is read-only: %w; archive elsewhere (--archive)", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission: %w; let this user write there, or archive elsewhere (--archive)", err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("a file is where a directory is wanted: %w; name another one (--archive)", err)
	case errors.Is(err, syscall.EIO):
		return fmt.Errorf("the disk fails: %w; check it, and archive elsewhere (--archive)", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("no file can be made there: %w; choose a directory that you may write to (--archive)", err)
	}
	return err
}
