// Package selection finds the runs that words on a command line stand for, in the
// archive or in files, and reads their Results one after the other. It judges and
// compares nothing.
package selection
