package fleet

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Sink takes what a watch brings. Calls for one agent come one after the other,
// calls for different agents at the same time.
type Sink interface {
	// Chunk is the agent's next chunk: numbers have no gaps and no repeats.
	Chunk(agent int, c *agentv1.Chunk)
	// Broken tells that the agent cannot be reached at the moment, with the
	// reason, and nil that it can again.
	Broken(agent int, err error)
}

// Watch follows a run on all agents until each has sent its final chunk, and
// returns per agent nil, or why the rest of its chunks cannot be had. A broken
// connection is made again and the stream resumed where it broke off, until
// patience has passed without a word from the agent; ended is when the run is
// over at the latest, and patience counts from then if that is later.
func (f *Fleet) Watch(ctx context.Context, runID string, sink Sink, ended time.Time, patience time.Duration) []error {
	errs := make([]error, len(f.Agents))
	_ = f.each(len(f.Agents), func(i int) error {
		w := watcher{agent: f.Agents[i], index: i, runID: runID, sink: sink, ended: ended, patience: patience}
		errs[i] = w.follow(ctx)
		return nil
	})
	return errs
}

type watcher struct {
	agent    *Agent
	index    int
	runID    string
	sink     Sink
	ended    time.Time
	patience time.Duration

	last  uint64 // newest chunk received
	crc   uint32
	heard time.Time
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errFinal ends a watch in order.
var errFinal = errors.New("final chunk received")

func (w *watcher) follow(ctx context.Context) error {
	w.heard = time.Now()
	broken := false
	for delay := 100 * time.Millisecond; ; delay = min(2*delay, 3*time.Second) {
		before := w.last
		err := w.stream(ctx, func() {
			if broken {
				broken = false
				w.sink.Broken(w.index, nil)
			}
		})
		if errors.Is(err, errFinal) {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		plain := w.agent.plain(err)
		if w.hopeless(err) {
			return plain
		}
		limit := w.heard
		if w.ended.After(limit) {
			limit = w.ended
		}
		if time.Since(limit) > w.patience {
			return fmt.Errorf("silent for %s: %w", time.Since(w.heard).Round(time.Second), plain)
		}
		if !broken {
			broken = true
			w.sink.Broken(w.index, plain)
		}
		if w.last > before {
			delay = 100 * time.Millisecond
		}
		jitter := time.Duration(rand.Int64N(int64(delay)))
		select {
		case <-time.After(delay/2 + jitter):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hopeless tells whether no further try can bring the rest: the agent does not
// have the run, its record is damaged, or its pod (and with it the spool) is
// gone.
func (w *watcher) hopeless(err error) bool {
	switch status.Code(err) {
	case codes.NotFound, codes.DataLoss, codes.Unimplemented:
		return true
	}
	var dial interface{ NotFound() bool }
	return errors.As(w.agent.dial.get(), &dial) && dial.NotFound()
}

// stream reads chunks from where the last stream ended; it always returns an
// error, errFinal when all is there.
func (w *watcher) stream(ctx context.Context, alive func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := w.agent.client.WatchRun(ctx, &agentv1.WatchRunRequest{RunId: w.runID, FromSeq: w.last + 1})
	if err != nil {
		return err
	}
	for {
		r, err := s.Recv()
		if err != nil {
			return brokenStream(err)
		}
		alive()
		w.heard = time.Now()
		c := &agentv1.Chunk{}
		if err := proto.Unmarshal(r.GetChunk(), c); err != nil {
			return status.Errorf(codes.DataLoss, "chunk %d cannot be read: %v", w.last+1, err)
		}
		if c.GetSeq() != w.last+1 {
			return status.Errorf(codes.DataLoss, "chunk %d received where %d was due", c.GetSeq(), w.last+1)
		}
		if f := c.GetFinal(); f != nil && (f.GetChunks() != w.last || f.GetCrc32C() != w.crc) {
			return status.Error(codes.DataLoss, "the chunks received are not those the agent sent: checksums differ")
		}
		w.last = c.GetSeq()
		w.crc = crc32.Update(w.crc, castagnoli, r.GetChunk())
		w.sink.Chunk(w.index, c)
		if c.GetFinal() != nil {
			return errFinal
		}
	}
}

// brokenStream makes the end of a stream without a final chunk an error.
func brokenStream(err error) error {
	if errors.Is(err, io.EOF) {
		return status.Error(codes.DataLoss, "the agent ended the stream before the final chunk")
	}
	return err
}
