//go:build !linux

// Command cluster needs Linux; elsewhere it says so.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "error: a test cluster needs Linux, this is %s: "+
		"use a Linux machine, or a cluster of your own through KUBECONFIG\n", runtime.GOOS)
	os.Exit(1)
}
