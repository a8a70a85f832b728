package echo

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// askCall is what one call's metadata asks for.
type askCall struct {
	delay Delay
	share int // of calls answered with code, in millionths
	code  codes.Code
}

// parseMetadata reads delay, error and code, which mean what delay, error and
// status mean over HTTP. Others belong to somebody else.
func parseMetadata(ctx context.Context) (askCall, error) {
	var a askCall
	delay, err := single(ctx, "delay")
	if err == nil && delay != "" {
		a.delay, err = ParseDelay(delay)
	}
	if err != nil {
		return a, err
	}
	share, err := single(ctx, "error")
	if err == nil && share != "" {
		a.share, err = parseShare("error", share)
	}
	if err != nil {
		return a, err
	}
	code, err := single(ctx, "code")
	switch {
	case err != nil:
		return a, err
	case code == "":
		a.code = codes.Unavailable
	default:
		if a.code, err = parseCode(code); err != nil {
			return a, err
		}
		if share == "" {
			a.share = whole
		}
	}
	return a, nil
}

// single is the only value of a key, "" without one.
func single(ctx context.Context, key string) (string, error) {
	switch values := metadata.ValueFromIncomingContext(ctx, key); len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	default:
		return "", fmt.Errorf("metadata %q stands %d times: give it once", key, len(values))
	}
}

// parseCode reads the name of an error's code, as the protocol writes it
// (DEADLINE_EXCEEDED) or as Go does (DeadlineExceeded).
func parseCode(s string) (codes.Code, error) {
	name := strings.ReplaceAll(s, "_", "")
	if strings.EqualFold(name, "cancelled") { // the protocol's spelling; Go has one l
		return codes.Canceled, nil
	}
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		if strings.EqualFold(name, code.String()) {
			return code, nil
		}
	}
	return 0, fmt.Errorf("code %q is not the name of an error's code such as %q", s, "UNAVAILABLE")
}
