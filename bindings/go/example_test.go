// SPDX-License-Identifier: MIT

package envres_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	envres "envres.dev/go"
)

func Example() {
	folder, err := os.MkdirTemp("", "envres")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := first(filepath.Join(folder, "app.envres")); err != nil {
		log.Fatal(err)
	}
	// Output:
	// https://db.example.com/
	// ***
	// tok-123456
	// ENVRES_E_NOT_SET
}

// README: begin first
func first(path string) error {
	key, err := envres.GenerateKey() // keep its bytes in a file of mode 0600
	if err != nil {
		return err
	}
	owner := envres.RawKey(key)
	store, err := envres.CreateStore(path, owner)
	if err != nil {
		return err
	}
	defer store.Close()
	session, err := store.Session(owner)
	if err != nil {
		return err
	}
	defer session.Close()

	why := envres.PutOptions{Change: envres.Change{Reason: "first release"}}
	for environment, host := range map[string]string{"development": "localhost",
		"staging": "db.staging.example.com", "production": "db.example.com"} {
		if _, err := session.Variables().Put(environment, "HOST", host, why); err != nil {
			return err
		}
	}
	token := envres.NewSecretString("tok-123456")
	if _, err := session.Variables().Put("production", "TOKEN", token, why); err != nil {
		return err
	}

	scope, err := session.Scope("production")
	if err != nil {
		return err
	}
	defer scope.Close()
	url, err := scope.Expand("https://<< environment.variables.HOST >>/")
	if err != nil {
		return err
	}
	fmt.Println(url) // https://db.example.com/
	found, err := scope.Get("TOKEN")
	if err != nil {
		return err
	}
	fmt.Println(found) // ***
	clear, err := found.Reveal()
	if err != nil {
		return err
	}
	fmt.Println(clear) // tok-123456

	elsewhere, err := session.Scope("development")
	if err != nil {
		return err
	}
	defer elsewhere.Close()
	_, err = elsewhere.Get("TOKEN")
	var failed *envres.Error
	if errors.Is(err, envres.ErrNotFound) && errors.As(err, &failed) {
		fmt.Println(failed.Name()) // ENVRES_E_NOT_SET
	}
	return nil
}

// README: end first

func Example_release() {
	owner := envres.RawKey(key)
	store, err := envres.CreateStore("", owner)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	session, err := store.Session(owner)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	put := envres.PutOptions{Change: envres.Change{Reason: "r"}}
	for _, environment := range []string{"development", "staging", "production"} {
		if _, err := session.Variables().Put(environment, "HOST", "db.example.com", put); err != nil {
			log.Fatal(err)
		}
	}
	if err := serve(session); err != nil {
		log.Fatal(err)
	}
	// Output:
	// v1 1.0.0 1
	// {"at": "db.example.com"}
}

// README: begin serve
func serve(session *envres.Session) error {
	if err := session.Apps().Create("shop"); err != nil {
		return err
	}
	page := envres.Files(map[string]string{"home.json": `{"at": "<< environment.variables.HOST >>"}`})
	if _, err := session.Parts().Put("shop", "v1", page); err != nil {
		return err
	}
	why := envres.Change{Reason: "go"}
	seen, err := session.Versions().Describe("shop", "v1")
	if err != nil {
		return err
	}
	_, err = session.Versions().Promote("shop", "v1", "production", seen,
		envres.PromoteOptions{Change: why, Through: true})
	if err != nil {
		return err
	}
	release, warnings, err := session.Releases().Create("shop", "v1", "1.0.0", seen, 0,
		envres.ReleaseOptions{Change: why})
	if err != nil || len(warnings) > 0 {
		return err
	}
	fmt.Println(release.Version, release.Tag, release.Sequence) // v1 1.0.0 1

	scope, err := session.Scope("production", envres.ScopeOptions{App: "shop"})
	if err != nil {
		return err
	}
	home, err := scope.RenderPart("home.json")
	if err != nil {
		return err
	}
	fmt.Println(home)                  // {"at": "db.example.com"}
	scope, err = session.Latest(scope) // the same scope, or a fresh one when something changed
	if err != nil {
		return err
	}
	return scope.Close()
}

// README: end serve
