// SPDX-License-Identifier: MIT

// Package envres gives environments, variables, sealed secrets, templates, resource handles and
// releases: the binding of libenvres, over its installed headers.
//
//	store, err := envres.OpenStore("app.envres")
//	session, err := store.Session(envres.RawKey(key))
//	scope, err := session.Scope("production")
//	url, err := scope.Expand("https://<< environment.variables.HOST >>/")
//
// The C headers are the contract; comments here give types, units and the errors to expect. A text
// that holds a secret comes as a Text that says so and prints as "***".
//
// What the library refuses is an *Error, with a Code of a Family: errors.Is(err, envres.ErrNotFound),
// errors.Is(err, envres.CodeNotSet). No error ever holds a value.
//
// Stores, sessions, scopes, resources, templates, queries, statements and secrets have Close, which may
// be called twice. What is called afterwards fails with ErrClosed, also while other goroutines use it:
// the object is given back when the last running call has returned. What nobody closes is closed by a
// finalizer, some time.
//
// Every call may be made from any goroutine. Calls hold no lock of this package; one that derives a key
// from a passphrase takes about a second, and cannot be cancelled.
package envres
