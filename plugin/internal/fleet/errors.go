package fleet

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// plain takes gRPC's words off an error: the message of the agent for what the
// agent said, the dialler's error where there was no connection.
func (a *Agent) plain(err error) error {
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch s.Code() {
	case codes.Canceled:
		return context.Canceled
	case codes.Unavailable, codes.DeadlineExceeded:
		if dial := a.dial.get(); dial != nil {
			return dial
		}
		if s.Code() == codes.DeadlineExceeded {
			return errors.New("no answer within the time allowed; is the agent's pod ready?")
		}
	case codes.Unimplemented:
		return errors.New("the agent is of another version and does not know this call; run 'kubectl meshery deploy' to bring it up to date")
	}
	return errors.New(s.Message())
}
