package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// agentError is an error of one agent.
type agentError struct {
	node string
	err  error
}

func (e *agentError) Error() string { return fmt.Sprintf("agent on node %q: %v", e.node, e.err) }

func (e *agentError) Unwrap() error { return e.err }

// named says which agent an error is about.
func (a *Agent) named(err error) error {
	if err == nil {
		return nil
	}
	return &agentError{node: a.Node, err: a.plain(err)}
}

// withoutNode is an agent's error where it is clear which agent it is about.
func withoutNode(err error) error {
	var e *agentError
	if errors.As(err, &e) {
		return e.err
	}
	return err
}

// joined are the errors of several agents in one line: what all say, for
// instance that a host does not resolve, is said once.
type joined struct{ errs []error }

// joinAgents joins what is not nil; nil when nothing is left.
func joinAgents(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return &joined{errs}
}

// namedNodes is how many nodes are named for one error.
const namedNodes = 3

func (j *joined) Error() string {
	nodes := map[string][]string{}
	var texts []string
	for _, err := range j.errs {
		text, node := err.Error(), ""
		var e *agentError
		if errors.As(err, &e) {
			text, node = e.err.Error(), e.node
		}
		if nodes[text] == nil {
			texts = append(texts, text)
		}
		nodes[text] = append(nodes[text], node)
	}
	for i, text := range texts {
		n := nodes[text]
		switch {
		case len(n) == 1 && n[0] != "":
			texts[i] = fmt.Sprintf("agent on node %q: %s", n[0], text)
		case n[0] != "":
			names := strings.Join(n[:min(namedNodes, len(n))], ", ")
			if more := len(n) - namedNodes; more > 0 {
				names += fmt.Sprintf(" and %d more", more)
			}
			texts[i] = fmt.Sprintf("agents on nodes %s: %s", names, text)
		}
	}
	return strings.Join(texts, "; ")
}

func (j *joined) Unwrap() []error { return j.errs }

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
	// One line: an agent that tried several addresses says so in several.
	return errors.New(strings.Join(strings.FieldsFunc(s.Message(), func(r rune) bool { return r == '\n' }), "; "))
}
