// Package krew holds the files that are both part of the release archives and
// printed by the plugin. It does not know how either is done.
package krew

import _ "embed"

// CompletionScript makes kubectl complete the plugin's arguments, once it stands
// on PATH as the executable kubectl_complete-meshery.
//
//go:embed kubectl_complete-meshery
var CompletionScript string
