//go:build e2e

package archive

import (
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// TestS3DeletingMakesRoom on a server whose disk is full.
func TestS3DeletingMakesRoom(t *testing.T) {
	dir := tmpfs(t, 0, "4m")
	a := onOwnS3(t, dir)
	filler := filepath.Join(dir, "filler")
	wantDeletedWithoutRoom(t, a, putMany(t, a, march, 3), func() {
		_ = os.WriteFile(filler, make([]byte, 8<<20), 0o600) // takes all, and fails
	}, func() {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	})
}

// TestS3DeletingMakesRoomInAQuota as servers with quotas answer.
func TestS3DeletingMakesRoomInAQuota(t *testing.T) {
	keysInEnv(t, accessKey, secretKey)
	for code, status := range map[string]int{"QuotaExceeded": 403, "XMinioAdminBucketQuotaExceeded": 400, "XMinioStorageFull": 507} {
		t.Run(code, func(t *testing.T) {
			var full atomic.Bool
			o := s3Options(t)
			o.Endpoint = proxied(t, server, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut || !full.Load() {
					return false
				}
				s3Error(w, status, code)
				return true
			})
			a, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			wantDeletedWithoutRoom(t, a, putMany(t, a, march, 3), func() { full.Store(true) }, func() { full.Store(false) })
		})
	}
}
