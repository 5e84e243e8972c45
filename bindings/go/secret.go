// SPDX-License-Identifier: MIT

package envres

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"unicode/utf8"
	"unsafe"
)

const redacted = "***"

// Range is a range of bytes: Start <= i < End.
type Range struct {
	Start, End int
}

// Secret holds secret bytes in a buffer of its own, which is wiped by Close and when it is collected.
// Printing, formatting, logging and encoding show "***". It can be given wherever a value goes in,
// and is then written as a secret. What Reveal returns is an ordinary string, which nobody can wipe:
// prefer Open. The buffer is not locked in memory, as the library's own key memory is.
//
// A copy of a Secret is the same secret. Any goroutine may use it.
type Secret struct {
	// Behind a function: package fmt looks into fields that are not exported, also through pointers,
	// and calls no methods there.
	inside func() *secretData
}

// data is nil for the zero value.
func (s Secret) data() *secretData {
	if s.inside == nil {
		return nil
	}
	return s.inside()
}

// secretData is wiped when the last use has ended: Close waits for none.
type secretData struct {
	handle
	bytes  []byte
	ranges []Range
}

// NewSecret makes a secret of a copy of bytes; the original is the caller's to wipe.
func NewSecret(bytes []byte) *Secret { return newSecret(bytes, nil) }

func newSecret(bytes []byte, ranges []Range) *Secret {
	return keep(append(make([]byte, 0, len(bytes)), bytes...), ranges)
}

// keep makes a secret of bytes that nobody else has.
func keep(bytes []byte, ranges []Range) *Secret {
	one := &secretData{bytes: bytes, ranges: ranges}
	// Nothing here may lead back to what has the finalizer: it would never run.
	one.pointer, one.release = unsafe.Pointer(&nothing[0]), func(unsafe.Pointer) { wipe(bytes) }
	runtime.SetFinalizer(one, (*secretData).shut)
	return &Secret{func() *secretData { return one }}
}

// NewSecretString makes a secret of a text, which stays wherever Go keeps it.
func NewSecretString(text string) *Secret { return keep([]byte(text), nil) }

// Open gives the bytes themselves for the length of a call, also where the secret is closed meanwhile.
// They must be neither kept nor changed. The error is ErrClosed, or what use returns.
func (s Secret) Open(use func(bytes []byte) error) error {
	data := s.data()
	if data == nil {
		return closedError("secret")
	}
	if _, err := data.take("secret"); err != nil {
		return err
	}
	defer data.drop()
	return use(data.bytes)
}

// Reveal gives the text. The error is ErrClosed.
func (s Secret) Reveal() (string, error) {
	var text string
	err := s.Open(func(bytes []byte) error {
		text = string(bytes)
		return nil
	})
	return text, err
}

// RevealBytes gives a copy of the bytes, which the caller may wipe. The error is ErrClosed.
func (s Secret) RevealBytes() ([]byte, error) {
	var copied []byte
	err := s.Open(func(bytes []byte) error {
		copied = append([]byte{}, bytes...)
		return nil
	})
	return copied, err
}

// Ranges gives the ranges that are secret, in order; the whole where nothing else is known.
func (s Secret) Ranges() []Range {
	data := s.data()
	if data == nil {
		return nil
	}
	if data.ranges == nil {
		return []Range{{0, len(data.bytes)}}
	}
	return append([]Range{}, data.ranges...)
}

// Redacted gives the text as it may be shown: each secret range replaced, all else as it is. The
// error is ErrClosed.
func (s Secret) Redacted(replacement string) (string, error) {
	var shown []byte
	ranges := s.Ranges()
	err := s.Open(func(bytes []byte) error {
		at := 0
		for _, one := range ranges {
			shown = append(append(shown, bytes[at:one.Start]...), replacement...)
			at = one.End
		}
		shown = append(shown, bytes[at:]...)
		return nil
	})
	return string(shown), err
}

// Equal compares two secrets, in the same time wherever they differ. One that is closed equals none.
func (s Secret) Equal(other *Secret) bool {
	if other == nil {
		return false
	}
	if s.data() == other.data() {
		return !s.Closed()
	}
	theirs, err := other.RevealBytes()
	if err != nil {
		return false
	}
	defer wipe(theirs)
	same := false
	err = s.Open(func(ours []byte) error {
		same = subtle.ConstantTimeCompare(ours, theirs) == 1
		return nil
	})
	return err == nil && same
}

// Close wipes the bytes, once what uses them elsewhere has ended. Using the secret afterwards is
// ErrClosed; closing again does nothing. The error is always nil.
func (s Secret) Close() error {
	if data := s.data(); data != nil {
		data.shut()
	}
	return nil
}

// Closed says whether it was wiped.
func (s Secret) Closed() bool {
	data := s.data()
	return data == nil || data.isClosed()
}

// String gives "***".
func (s Secret) String() string { return redacted }

// GoString gives "***", in Go's notation.
func (s Secret) GoString() string { return `envres.Secret("***")` }

// Format writes "***" for every verb.
func (s Secret) Format(state fmt.State, verb rune) {
	if verb == 'v' && state.Flag('#') {
		_, _ = io.WriteString(state, s.GoString())
		return
	}
	_, _ = io.WriteString(state, redacted)
}

// MarshalText gives "***".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON gives "***" as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

var errEncoded = errors.New("envres: a secret is not encoded; see Secret.Open")

// MarshalBinary refuses.
func (s Secret) MarshalBinary() ([]byte, error) { return nil, errEncoded }

// GobEncode refuses.
func (s Secret) GobEncode() ([]byte, error) { return nil, errEncoded }

// Text is what the library gives: plain text, or a secret when any byte of it came from one. Printing
// shows the plain text, or "***".
type Text struct {
	plain  string
	secret *Secret
}

// PlainText makes a text that is not secret.
func PlainText(text string) Text { return Text{plain: text} }

// IsSecret says whether any byte came from a secret.
func (t Text) IsSecret() bool { return t.secret != nil }

// Secret gives the secret, or nil for plain text.
func (t Text) Secret() *Secret { return t.secret }

// Plain gives the text and true, or "" and false for a secret.
func (t Text) Plain() (string, bool) { return t.plain, t.secret == nil }

// Reveal gives the text, secret or not. The error is ErrClosed, of a secret.
func (t Text) Reveal() (string, error) {
	if t.secret == nil {
		return t.plain, nil
	}
	return t.secret.Reveal()
}

// Close wipes a secret; plain text stays as it is. The error is always nil.
func (t Text) Close() error {
	if t.secret != nil {
		return t.secret.Close()
	}
	return nil
}

// String gives the plain text, or "***".
func (t Text) String() string {
	if t.secret != nil {
		return redacted
	}
	return t.plain
}

// GoString is String in Go's notation.
func (t Text) GoString() string {
	if t.secret != nil {
		return t.secret.GoString()
	}
	return fmt.Sprintf("envres.PlainText(%q)", t.plain)
}

// MarshalText gives what String gives.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON gives what String gives, as a JSON string.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.secret == nil && !utf8.ValidString(t.plain) {
		return nil, errors.New("envres: the text is not UTF-8")
	}
	return json.Marshal(t.String())
}
