// Package archive keeps Results as plain objects in an S3-compatible bucket or
// a local directory, in one layout (docs/archive.md). It reads no flags and no
// configuration and prints nothing; the S3 credentials come from the usual AWS
// and MinIO places, which minio-go reads.
//
// Three objects make a run, written in this order and removed in the opposite
// one: the Result's exact bytes, a manifest with their sha256, and a row in the
// index. Objects are never overwritten. A run is believed only when index and
// manifest are there and the sha256 fits, so a crash at any point leaves no
// half Result visible.
package archive
