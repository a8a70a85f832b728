package echo

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"fortio.org/fortio/tcprunner"
	"fortio.org/fortio/udprunner"
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func dial(t *testing.T, a net.Addr) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestTCPEcho(t *testing.T) {
	w := startWith(t, Config{TCPListen: anyPort})
	const conns, rounds, size = 8, 50, 1000
	payload := randomBytes(size)
	var wg sync.WaitGroup
	for range conns {
		conn := dial(t, w.TCPAddr())
		wg.Go(func() {
			got := make([]byte, size)
			for range rounds {
				if _, err := conn.Write(payload); err != nil {
					t.Error(err)
					return
				}
				if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, payload) {
					t.Errorf("another answer, error %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	w.expectSeries(t, "echo_tcp_", fmt.Sprintf("echo_tcp_bytes_total %d", conns*rounds*size),
		fmt.Sprintf("echo_tcp_connections_total %d", conns))
}

// TestTCPEchoToTheEnd: all comes back, in order, to a client that has closed its
// side, and then the server closes.
func TestTCPEchoToTheEnd(t *testing.T) {
	w := startWith(t, Config{TCPListen: anyPort})
	conn := dial(t, w.TCPAddr()).(*net.TCPConn)
	payload := randomBytes(8 << 20)
	go func() {
		if _, err := conn.Write(payload); err != nil {
			t.Error(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Error(err)
		}
	}()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, payload) {
		t.Errorf("%d bytes came back, error %v", len(got), err)
	}
	w.expectSeries(t, "echo_tcp_bytes", fmt.Sprintf("echo_tcp_bytes_total %v", float64(len(payload))))
}

func TestUDPEcho(t *testing.T) {
	w := startWith(t, Config{UDPListen: anyPort})
	sizes := []int{0, 1, 1000, 1400, 9000, 60_000}
	var total int
	for _, size := range sizes {
		conn := dial(t, w.UDPAddr())
		payload, got := randomBytes(size), make([]byte, udpLargest)
		if _, err := conn.Write(payload); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(got)
		if err != nil || !bytes.Equal(got[:n], payload) {
			t.Errorf("%d bytes came back of %d, error %v", n, size, err)
		}
		total += size
	}
	w.expectSeries(t, "echo_udp_", fmt.Sprintf("echo_udp_bytes_total %d", total),
		fmt.Sprintf("echo_udp_packets_total %d", len(sizes)))
}

// TestUDPEchoesDoNotAnswerEachOther: a packet with the address of another echo on
// the same port is left alone.
func TestUDPEchoesDoNotAnswerEachOther(t *testing.T) {
	w := startWith(t, Config{UDPListen: "127.0.0.1:0"})
	port := w.UDPAddr().(*net.UDPAddr).Port
	other, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2), Port: port}, w.UDPAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Write([]byte("echo of another")); err != nil {
		t.Fatal(err)
	}
	// Packets of loopback keep their order, and the readers are few: once as many
	// as they are have been answered, the first has been looked at.
	conn := dial(t, w.UDPAddr())
	for range 100 {
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	w.expectSeries(t, "echo_udp_packets", "echo_udp_packets_total 100")
}

func TestTCPStopLetsBytesLeave(t *testing.T) {
	w := startWith(t, Config{TCPListen: anyPort})
	conn := dial(t, w.TCPAddr())
	if _, err := io.WriteString(conn, "before the end"); err != nil {
		t.Fatal(err)
	}
	for len(w.series(t, "echo_tcp_bytes")) == 0 { // until it has been read
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); string(got) != "before the end" || err != nil {
		t.Errorf("%q came back, error %v", got, err)
	}
}

// TestFortiosClients: what they send and what is counted are the same.
func TestFortiosClients(t *testing.T) {
	w := startWith(t, Config{TCPListen: anyPort, UDPListen: anyPort})
	overTCP, err := tcprunner.NewTCPClient(&tcprunner.TCPOptions{Destination: "tcp://" + w.TCPAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer overTCP.Close()
	overUDP, err := udprunner.NewUDPClient(&udprunner.UDPOptions{Destination: "udp://" + w.UDPAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer overUDP.Close()
	const calls, size = 100, 24 // of the payload that they make themselves
	for range calls {
		for name, fetch := range map[string]func() ([]byte, error){"tcp": overTCP.Fetch, "udp": overUDP.Fetch} {
			if got, err := fetch(); err != nil || len(got) != size {
				t.Fatalf("%s: %d bytes, %v", name, len(got), err)
			}
		}
	}
	w.expectSeries(t, "echo_tcp_", fmt.Sprintf("echo_tcp_bytes_total %d", calls*size), "echo_tcp_connections_total 1")
	w.expectSeries(t, "echo_udp_", fmt.Sprintf("echo_udp_bytes_total %d", calls*size), fmt.Sprintf("echo_udp_packets_total %d", calls))
}
