// SPDX-License-Identifier: MIT

package envres

// #include "shim.h"
import "C"

import (
	"fmt"
	"io"
	"runtime/cgo"
	"unsafe"
)

// Credential is what unlocks a principal: made by Passphrase, RawKey or Provider. The zero value opens
// nothing. Printing shows no key.
type Credential struct {
	// Principal is its name; "": the slots of all are tried in order.
	Principal string
	// KDFPasses and KDFMemory (bytes) are the cost of Argon2id when a slot is made; 0: 3 passes and
	// 256 MiB. Ignored when one is opened.
	KDFPasses, KDFMemory uint64
	// Root is the public root key that the workspace must have (Session.RootKey); nil: the one in the
	// file is believed.
	Root *[32]byte

	kind C.uint32_t
	// Behind a function, as in Secret.
	secret   func() interface{}
	provider KeyProvider
}

// Passphrase is a credential of 1 byte to 1 MiB, any bytes: a string, []byte, *Secret or Text. Give a
// *Secret to be able to wipe.
func Passphrase(phrase interface{}) Credential {
	return Credential{kind: C.ENVRES_CREDENTIAL_PASSPHRASE, secret: func() interface{} { return phrase }}
}

// RawKey is a credential of exactly 32 bytes, not all zero: GenerateKey.
func RawKey(key interface{}) Credential {
	return Credential{kind: C.ENVRES_CREDENTIAL_RAW_KEY, secret: func() interface{} { return key }}
}

// Provider is a credential whose key the host wraps and unwraps.
func Provider(provider KeyProvider) Credential {
	return Credential{kind: C.ENVRES_CREDENTIAL_PROVIDER, provider: provider}
}

// For gives the same credential for the principal of this name.
func (c Credential) For(principal string) Credential {
	c.Principal = principal
	return c
}

// String says which kind it is.
func (c Credential) String() string {
	switch c.kind {
	case C.ENVRES_CREDENTIAL_PASSPHRASE:
		return "envres.Passphrase(***)"
	case C.ENVRES_CREDENTIAL_RAW_KEY:
		return "envres.RawKey(***)"
	case C.ENVRES_CREDENTIAL_PROVIDER:
		return "envres.Provider(***)"
	}
	return "envres.Credential{}"
}

// Format writes what String gives, for every verb.
func (c Credential) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, c.String()) }

// MarshalText gives what String gives.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// credential makes the struct of a call.
func (f *frame) credential(c Credential) (*C.envres_credential, error) {
	made := (*C.envres_credential)(f.alloc(C.sizeof_envres_credential))
	made.size = C.sizeof_envres_credential
	made.kind = c.kind
	made.principal, made.principal_len = f.optional(c.Principal)
	made.kdf_passes, made.kdf_memory = C.uint64_t(c.KDFPasses), C.uint64_t(c.KDFMemory)
	if c.Root != nil {
		made.root = (*C.uint8_t)(unsafe.Pointer(f.copy(c.Root[:])))
	}
	if c.kind == C.ENVRES_CREDENTIAL_PROVIDER {
		if c.provider == nil {
			return nil, usage("the provider is nil")
		}
		user := cgo.NewHandle(c.provider)
		f.after = append(f.after, user.Delete)
		C.envres_go_set_provider(made, C.uintptr_t(user))
		return made, nil
	}
	if c.secret == nil {
		return nil, usage("the credential is empty")
	}
	secret, err := f.value(c.secret())
	made.secret, made.secret_len = (*C.uint8_t)(unsafe.Pointer(secret.p)), secret.n
	return made, err
}

// GenerateKey makes 32 random bytes for a raw key file, never all zero.
func GenerateKey() (*Secret, error) {
	f, err := begin()
	if err != nil {
		return nil, err
	}
	defer f.end()
	key := (*C.uint8_t)(f.alloc(32))
	if err := f.check(C.envres_key_generate(key, f.w.err)); err != nil {
		return nil, err
	}
	return NewSecret(unsafe.Slice((*byte)(unsafe.Pointer(key)), 32)), nil
}
