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
// connection is made again and the stream resumed where it broke off, until the
// agent could not be reached for longer than patience; ended is when the load is
// over at the latest, and patience counts from then if that is later.
func (f *Fleet) Watch(ctx context.Context, runID string, sink Sink, ended time.Time, patience time.Duration) []error {
	errs := make([]error, len(f.Agents))
	_ = f.each(len(f.Agents), func(i int) error {
		w := watcher{agent: f.Agents[i], index: i, runID: runID, sink: sink, ended: ended, patience: patience, quiet: quiet}
		errs[i] = w.follow(ctx)
		return nil
	})
	return errs
}

// quiet is how long an agent that can be reached may be without a new chunk
// after the load. Asking Prometheus, which comes last, takes it minutes.
const quiet = 5 * time.Minute

type watcher struct {
	agent           *Agent
	index           int
	runID           string
	sink            Sink
	ended           time.Time
	patience, quiet time.Duration

	last   uint64 // newest chunk received
	crc    uint32
	newest time.Time // when it came
	heard  time.Time // when the agent could be reached last
	broken bool
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	// errFinal ends a watch in order.
	errFinal = errors.New("final chunk received")
	errQuiet = errors.New("the agent can be reached, but says nothing about the run")
)

func (w *watcher) follow(ctx context.Context) error {
	w.heard = time.Now()
	w.newest = w.heard
	for delay := 100 * time.Millisecond; ; delay = min(2*delay, 3*time.Second) {
		before := w.last
		err := w.stream(ctx)
		if errors.Is(err, errFinal) {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errQuiet) {
			return fmt.Errorf("silent for %s: %w", time.Since(w.newest).Round(time.Second), err)
		}
		plain := w.agent.plain(err)
		if w.hopeless(err) {
			return plain
		}
		if time.Since(later(w.heard, w.ended)) > w.patience {
			return fmt.Errorf("out of reach for %s: %w", time.Since(w.heard).Round(time.Second), plain)
		}
		if w.untilQuiet() < 0 {
			return fmt.Errorf("no word about the run for %s: %w", time.Since(w.newest).Round(time.Second), plain)
		}
		if !w.broken {
			w.broken = true
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

// alive is to be called whenever the agent has been heard.
func (w *watcher) alive() {
	w.heard = time.Now()
	if w.broken {
		w.broken = false
		w.sink.Broken(w.index, nil)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
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
func (w *watcher) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(max(time.Second, w.untilQuiet()), func() { cancel(errQuiet) })
	defer watchdog.Stop()
	s, err := w.agent.client.WatchRun(ctx, &agentv1.WatchRunRequest{RunId: w.runID, FromSeq: w.last + 1})
	if err != nil {
		return err
	}
	// The agent answers at once that it is there; its next chunk may take long.
	header, err := s.Header()
	if err != nil {
		return brokenStream(ctx, err)
	}
	if header != nil {
		w.alive()
	}
	for {
		r, err := s.Recv()
		if err != nil {
			if header != nil {
				w.heard = time.Now() // until now it was in reach
			}
			return brokenStream(ctx, err)
		}
		w.alive()
		if err := w.take(r.GetChunk()); err != nil {
			return err
		}
		w.newest = w.heard
		watchdog.Reset(w.untilQuiet())
	}
}

// untilQuiet is how long the agent may still be silent.
func (w *watcher) untilQuiet() time.Duration {
	return time.Until(later(w.newest, w.ended).Add(w.quiet))
}

// take checks a chunk and hands it on; errFinal if it was the last one.
func (w *watcher) take(raw []byte) error {
	c := &agentv1.Chunk{}
	if err := proto.Unmarshal(raw, c); err != nil {
		return status.Errorf(codes.DataLoss, "chunk %d cannot be read: %v", w.last+1, err)
	}
	if c.GetSeq() != w.last+1 {
		return status.Errorf(codes.DataLoss, "chunk %d received where %d was due", c.GetSeq(), w.last+1)
	}
	if f := c.GetFinal(); f != nil && (f.GetChunks() != w.last || f.GetCrc32C() != w.crc) {
		return status.Error(codes.DataLoss, "the chunks received are not those the agent sent: checksums differ")
	}
	w.last = c.GetSeq()
	w.crc = crc32.Update(w.crc, castagnoli, raw)
	w.sink.Chunk(w.index, c)
	if c.GetFinal() != nil {
		return errFinal
	}
	return nil
}

// brokenStream makes the end of a stream without a final chunk an error.
func brokenStream(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errQuiet) {
		return cause
	}
	if errors.Is(err, io.EOF) {
		return status.Error(codes.DataLoss, "the agent ended the stream before the final chunk")
	}
	return err
}
