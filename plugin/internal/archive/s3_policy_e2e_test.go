//go:build e2e

package archive

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// TestDocumentedPolicyIsEnough gives a user what docs/archive.md says, and no
// more, and does everything with it.
func TestDocumentedPolicyIsEnough(t *testing.T) {
	dir := t.TempDir()
	iam := filepath.Join(dir, "iam")
	if err := os.Mkdir(iam, 0o755); err != nil {
		t.Fatal(err)
	}
	endpoint, stop, err := startS3(filepath.Join(dir, "data"), "--iam-dir", iam)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	const user, password = "team", "team-secret"
	out, err := exec.Command(os.Getenv("VERSITYGW"), "admin", "--endpoint-url", endpoint, "--access", accessKey, "--secret", secretKey,
		"create-user", "--access", user, "--secret", password, "--role", "user").CombinedOutput()
	if err != nil {
		t.Fatalf("create user: %v\n%s", err, out)
	}
	admin, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, "")})
	if err != nil {
		t.Fatal(err)
	}
	setPolicy := func(change func(actions []any) []any) {
		t.Helper()
		policy := documentedPolicy(t, user, change)
		if err := admin.SetBucketPolicy(t.Context(), bucket, policy); err != nil {
			t.Fatalf("set policy: %v\n%s", err, policy)
		}
	}
	keysInEnv(t, user, password)
	a, err := Open(t.Context(), Options{Bucket: bucket, Prefix: "team", Endpoint: endpoint, Region: "us-east-1", NoInstanceMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the credentials lack s3:ListBucket") {
		t.Errorf("check without any permission: %v", err)
	}
	setPolicy(nil)
	id, raw := resultAt(t, march, nil)
	if err := a.Check(t.Context()); err != nil {
		t.Error(err)
	}
	old, err := Open(t.Context(), Options{Bucket: bucket, Prefix: "team", Endpoint: withoutConditions(t, endpoint, user, password), Region: "us-east-1", NoInstanceMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Check(t.Context()); err != nil {
		t.Errorf("check of a server that ignores conditions: %v", err)
	}
	if left, err := old.store.list(t.Context(), ""); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	mustPut(t, a, raw)
	mustPut(t, a, raw)
	if list, err := a.List(t.Context(), Filter{}); err != nil || len(list) != 1 {
		t.Errorf("list: %v, %v", list, err)
	}
	if _, err := a.Get(t.Context(), id[:13]); err != nil {
		t.Error(err)
	}
	if err := a.Delete(t.Context(), id); err == nil || !strings.Contains(err.Error(), "the credentials lack s3:DeleteObject") {
		t.Errorf("delete without the permission: %v", err)
	}
	if _, err := a.Get(t.Context(), id); err != nil {
		t.Errorf("after a refused delete: %v", err)
	}
	wantListed(t, a, []string{id})
	// Rows are merged with it, which is all that may be removed.
	other, raw := resultAt(t, march, nil)
	mustPut(t, a, raw)
	if _, err := a.merge(t.Context(), "2026-03", true); err != nil {
		t.Error(err)
	}
	if single, merged := tables(t, a, "2026-03"); single != 0 || merged != 1 {
		t.Errorf("%d single rows and %d merged objects", single, merged)
	}
	wantListed(t, a, []string{id, other})
	setPolicy(func(actions []any) []any { return append(actions, "s3:DeleteObject") })
	if err := a.Delete(t.Context(), id); err != nil {
		t.Error(err)
	}
	wantListed(t, a, []string{other})
	setPolicy(func([]any) []any { return []any{"s3:GetObject"} }) // a reader
	if err := a.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the credentials lack s3:PutObject") {
		t.Errorf("check by a reader: %v", err)
	}
}

// documentedPolicy is the policy in the page as a bucket policy for the user,
// with the actions on objects changed.
func documentedPolicy(t *testing.T, user string, change func(actions []any) []any) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/archive.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "### Permissions")
	_, rest, _ = strings.Cut(rest, "```json\n")
	text, _, _ := strings.Cut(rest, "```")
	var policy map[string]any
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatalf("the policy in the page: %v\n%s", err, text)
	}
	for _, s := range policy["Statement"].([]any) {
		statement := s.(map[string]any)
		statement["Principal"] = map[string]any{"AWS": user}
		if actions, ok := statement["Action"].([]any); ok && change != nil {
			statement["Action"] = change(actions)
		}
	}
	out, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
