package discover

import (
	"bytes"
	"context"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/kube"
)

const every = 2 * time.Second

// Config says where to look and where to write.
type Config struct {
	Server string
	CA     string // file
	Cert   string // file
	Key    string // file
	Dir    string // target files are written here; must exist
}

// Target files, below Config.Dir.
const (
	KubeletFile = "kubelets.json"
	PodFile     = "pods.json"
)

// Run keeps the target files up to date until ctx ends.
func Run(ctx context.Context, c Config) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	failing := false
	for {
		err := c.update(ctx, client)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failing { // once per outage
			log.Printf("targets stay as they are: %v", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

func (c Config) client() (*kube.Client, error) {
	var pem [3][]byte
	for i, file := range []string{c.CA, c.Cert, c.Key} {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		pem[i] = b
	}
	return kube.New(c.Server, pem[0], pem[1], pem[2])
}

func (c Config) update(ctx context.Context, client *kube.Client) error {
	var nodes nodeList
	// Version 0 is answered from the API server's cache.
	if err := client.Get(ctx, "/api/v1/nodes?resourceVersion=0", &nodes); err != nil {
		return err
	}
	if err := c.write(KubeletFile, kubelets(nodes)); err != nil {
		return err
	}
	var list podList
	if err := client.Get(ctx, "/api/v1/pods?resourceVersion=0", &list); err != nil {
		return err
	}
	return c.write(PodFile, pods(list))
}

// write replaces the file if its content changes: each change makes Prometheus
// read it anew.
func (c Config) write(name string, groups []group) error {
	content, err := json.MarshalIndent(groups, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(c.Dir, name)
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, content) {
		return nil
	}
	if err := os.WriteFile(path+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
