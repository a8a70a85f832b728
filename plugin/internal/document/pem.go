package document

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// Certificates are the certificates in a PEM text (RFC 7468), and nothing else
// that stands there: no key, no comment, no header of a block. A block that says
// CERTIFICATE and holds none is left out too.
func Certificates(text string) string {
	return blocks(text, func(b *pem.Block) *pem.Block {
		if b.Type != certificateBlock {
			return nil
		}
		if _, err := x509.ParseCertificate(b.Bytes); err != nil {
			return nil
		}
		return &pem.Block{Type: b.Type, Bytes: b.Bytes}
	})
}

// PrivateKeys are the private keys in a PEM text, and nothing else that stands
// there.
func PrivateKeys(text string) string {
	return blocks(text, func(b *pem.Block) *pem.Block {
		if !strings.HasSuffix(b.Type, privateKeyBlock) {
			return nil
		}
		return b
	})
}

const (
	certificateBlock = "CERTIFICATE"
	privateKeyBlock  = "PRIVATE KEY" // also the end of RSA, EC and ENCRYPTED PRIVATE KEY
)

// blocks writes those that keep returns.
func blocks(text string, keep func(*pem.Block) *pem.Block) string {
	var out bytes.Buffer
	for b, rest := pem.Decode([]byte(text)); b != nil; b, rest = pem.Decode(rest) {
		if b = keep(b); b != nil {
			_ = pem.Encode(&out, b) // fails on no block that was read
		}
	}
	return out.String()
}

// notCertificates says what stands in a PEM text that is to hold certificates
// alone, and is something else; empty for nothing. A key is found even where its
// block is damaged. Text between the blocks is allowed: bundles have titles.
func notCertificates(text string) string {
	if strings.Contains(text, privateKeyBlock) {
		return "a private key"
	}
	other := ""
	blocks(text, func(b *pem.Block) *pem.Block {
		if b.Type != certificateBlock {
			other = "something else than certificates"
		}
		return nil
	})
	return other
}
