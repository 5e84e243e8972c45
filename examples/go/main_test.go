// SPDX-License-Identifier: MIT

package main

import (
	"net/http/httptest"
	"testing"

	envres "envres.dev/go"
)

var why = envres.Change{Reason: "a test"}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// release makes a version live, with these pages.
func release(session *envres.Session, version, tag string, live int64, pages map[string]string) {
	writes := envres.Files(pages)
	for i := range writes {
		writes[i].Public = true
	}
	writes = append(writes, envres.PartWrite{Path: "queries/secret.sql", Data: []byte("SELECT 1")})
	must(session.Parts().Put("support", version, writes))
	seen := must(session.Versions().Describe("support", version))
	must(session.Versions().Promote("support", version, "production", seen,
		envres.PromoteOptions{Change: why, Through: true}))
	_, _, err := session.Releases().Create("support", version, tag, seen, live, envres.ReleaseOptions{Change: why})
	if err != nil {
		panic(err)
	}
}

func TestItServesWhatIsLive(t *testing.T) {
	key := envres.RawKey(must(envres.GenerateKey()))
	store := must(envres.CreateStore("", key))
	defer store.Close()
	session := must(store.Session(key))
	defer session.Close()
	if err := session.Apps().Create("support"); err != nil {
		t.Fatal(err)
	}
	release(session, "v1", "1.0.0", 0, map[string]string{"pages/home.json": `{"in": "<< environment.name >>"}`,
		"pages/odd.json": `"<< params.p >>"`})
	dashboard := must(NewDashboard(session, "production", "support"))
	expect := func(page string, code int, tag, body string) {
		t.Helper()
		answer := httptest.NewRecorder()
		dashboard.ServeHTTP(answer, httptest.NewRequest("GET", page, nil))
		if answer.Code != code || answer.Header().Get("X-Release") != tag || body != "" && answer.Body.String() != body {
			t.Errorf("%s: %d %v %s", page, answer.Code, answer.Header(), answer.Body)
		}
	}
	expect("/pages/home.json", 200, "1.0.0", `{"in": "production"}`)
	for _, page := range []string{"/queries/secret.sql", "/nothing", "/", "/../pages/home.json"} {
		expect(page, 404, "", "")
	}
	expect("/pages/odd.json", 500, "", `{"error": "ENVRES_E_NOT_SET"}`)
	must(session.Versions().Create("support", envres.VersionOptions{Name: "v2"}))
	release(session, "v2", "2.0.0", 1, map[string]string{"pages/home.json": `{"v": 2}`})
	expect("/pages/home.json", 200, "2.0.0", `{"v": 2}`)
	if _, _, err := session.Releases().Rollback("support", 2, envres.RollbackOptions{Change: why}); err != nil {
		t.Fatal(err)
	}
	expect("/pages/home.json", 200, "1.0.0", `{"in": "production"}`)
}
