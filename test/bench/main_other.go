//go:build !linux

// Command bench needs Linux; elsewhere it says so.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "error: programs are measured through the Linux kernel's accounts, this is %s\n", runtime.GOOS)
	os.Exit(1)
}
