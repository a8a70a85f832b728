package echo

import (
	"context"
	"errors"
	"net"
	"runtime"

	"golang.org/x/sync/errgroup"
)

const (
	udpLargest = 64 << 10 // no packet is larger
	udpQueue   = 4 << 20  // packets that wait to be read, in bytes; the kernel may grant less
)

// udpEndpoint sends back every packet.
type udpEndpoint struct {
	conn   *net.UDPConn
	port   uint16
	counts *counts
}

func listenUDP(address string, c *counts) (endpoint, error) {
	local, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", local)
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(udpQueue) // it works without
	return &udpEndpoint{conn: conn, port: conn.LocalAddr().(*net.UDPAddr).AddrPort().Port(), counts: c}, nil
}

func (e *udpEndpoint) addr() net.Addr { return e.conn.LocalAddr() }

func (e *udpEndpoint) serve() error {
	var g errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		g.Go(e.echo)
	}
	return g.Wait()
}

func (e *udpEndpoint) echo() error {
	buffer := make([]byte, udpLargest)
	for {
		n, from, err := e.conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		// Whoever forges the address of another server that answers anything, an echo
		// like this or one of the old services below 1024, would have the two send
		// this packet to each other for ever.
		if err != nil || from.Port() == e.port || from.Port() < 1024 {
			continue
		}
		// Counted first: who has the answer can rely on having been counted.
		e.counts.udpPackets.Add(1)
		e.counts.udpBytes.Add(uint64(n))
		_, _ = e.conn.WriteToUDPAddrPort(buffer[:n], from) // lost, as packets are
	}
}

func (e *udpEndpoint) shutdown(context.Context) error { return e.conn.Close() }
