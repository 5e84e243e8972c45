// SPDX-License-Identifier: MIT

// Command dashboard is a host in Go: it serves the live release of an app over HTTP, in one
// environment.
//
//	go run . STORE KEY_FILE ENVIRONMENT APP [ADDRESS]
//
// GET /pages/home.json answers with that part of the release, its tags resolved for the environment: a
// release or a rollback by anybody is served from the next request on. Only public parts go out, and
// no secret does: a tag that needs one is an error here. Needs the module envres.dev/go and nothing
// else.
package main

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	envres "envres.dev/go"
)

// kinds says how the parts of a name are written, and what they are called.
var kinds = map[string]struct {
	context envres.Context
	name    string
}{
	".json": {envres.ContextJSON, "application/json"},
	".js":   {envres.ContextText, "text/javascript"},
	".html": {envres.ContextText, "text/html; charset=utf-8"},
}

// Dashboard is an HTTP handler. Requests share one scope; parsed parts are kept as long as it is served.
type Dashboard struct {
	session *envres.Session
	mutex   sync.Mutex
	scope   *envres.Scope
	parsed  map[string]*envres.Template
}

// NewDashboard serves an app in an environment; the session stays the caller's.
func NewDashboard(session *envres.Session, environment, app string) (*Dashboard, error) {
	scope, err := session.Scope(environment, envres.ScopeOptions{App: app})
	return &Dashboard{session: session, scope: scope, parsed: map[string]*envres.Template{}}, err
}

// current gives what is live now: one look at the file, a fresh scope only when something changed. What
// is no longer served is closed by its finalizer, when the last request has let go of it.
func (d *Dashboard) current(page string) (*envres.Scope, *envres.Template, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	scope, err := d.session.Latest(d.scope)
	if err != nil {
		return nil, nil, err
	}
	if scope != d.scope {
		d.scope, d.parsed = scope, map[string]*envres.Template{}
	}
	if !scope.PartIsPublic(page) {
		return scope, nil, nil
	}
	if d.parsed[page] == nil {
		text, err := scope.Part(page)
		if err != nil {
			return nil, nil, err
		}
		options := envres.TemplateOptions{Context: kinds[path.Ext(page)].context}
		if d.parsed[page], err = envres.ParseTemplate(text, options); err != nil {
			delete(d.parsed, page)
			return nil, nil, err
		}
	}
	return scope, d.parsed[page], nil
}

// ServeHTTP answers with a page.
func (d *Dashboard) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	page := strings.TrimPrefix(request.URL.Path, "/")
	scope, template, err := d.current(page)
	if err == nil && template == nil {
		http.Error(response, "there is no such page", http.StatusNotFound)
		return
	}
	var text envres.Text
	if err == nil {
		text, err = template.Render(scope, envres.RenderOptions{NoSecrets: true})
	}
	if err != nil {
		// An error never holds a value, so that it can be logged; visitors get its name.
		log.Print(err)
		name := "ENVRES_E_?"
		var own *envres.Error
		if errors.As(err, &own) {
			name = own.Name()
		}
		response.Header().Set("Content-Type", "application/json")
		response.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(response, `{"error": %q}`, name)
		return
	}
	kind := kinds[path.Ext(page)].name
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	response.Header().Set("Content-Type", kind)
	response.Header().Set("X-Release", scope.Release())
	fmt.Fprint(response, text)
}

func run(storePath, keyFile, environment, app, address string) error {
	bytes, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	key := envres.NewSecret(bytes)
	defer key.Close()
	store, err := envres.OpenStore(storePath)
	if err != nil {
		return err
	}
	defer store.Close()
	session, err := store.Session(envres.RawKey(key))
	if err != nil {
		return err
	}
	defer session.Close()
	dashboard, err := NewDashboard(session, environment, app)
	if err != nil {
		return err
	}
	server := http.Server{Addr: address, Handler: dashboard, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

func main() {
	if len(os.Args) < 5 || len(os.Args) > 6 {
		log.Fatal("usage: dashboard STORE KEY_FILE ENVIRONMENT APP [ADDRESS]")
	}
	log.Fatal(run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], append(os.Args, "127.0.0.1:8000")[5]))
}
