//go:build linux

package peer

import "strconv"

func ghz() Peer {
	return Peer{Name: "ghz", Program: "ghz", Command: ghzCommand, Parse: parseHey}
}

func ghzCommand(program string, l Load) (Command, error) {
	if l.Protocol != GRPC {
		return Command{}, ErrCannot
	}
	args := []string{program, "--insecure", "--call", "grpc.health.v1.Health/Check",
		"--connections", strconv.Itoa(l.Connections), "--concurrency", strconv.Itoa(l.concurrency()),
		// Wait for the last answers rather than count them as errors.
		"--duration", seconds(l.Duration), "--duration-stop", "wait"}
	if l.Rate > 0 {
		args = append(args, "--rps", strconv.Itoa(int(l.Rate)))
	}
	return Command{Args: append(args, l.Address)}, nil
}
