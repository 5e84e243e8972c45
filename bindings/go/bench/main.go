// SPDX-License-Identifier: MIT

// Command bench says what a call costs from Go, beside the bare native call: nanoseconds of processor
// time of its thread, the best of many rounds.
//
//	cd bindings/go && go run ./bench [-rounds N]
package main

/*
#cgo pkg-config: envres
#include <envres/envres.h>
#include <string.h>
#include <time.h>

static envres_store *store;
static envres_session *session;
static envres_scope *scope;
static envres_template *tmpl;
static envres_bound *bound;
static envres_error *err;
static char buffer[16384];

static const envres_render_options no_secrets = { .size = sizeof(envres_render_options),
                                                  .flags = ENVRES_RENDER_NO_SECRETS };

// The same objects as the package's, made without it; 0, or what failed.
static int32_t
prepare(const char *text)
{
    static const uint8_t key[32] = { 1, 2, 3 };
    envres_credential owner = { .size = sizeof(owner), .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key, .secret_len = sizeof(key) };
    envres_variable_write host = { .size = sizeof(host), .name = "HOST", .name_len = 4,
                                   .value = "db.dev", .value_len = 6 };
    envres_resource_field fields[] = {
        { .size = sizeof(*fields), .name = "host", .name_len = 4, .value = "h", .value_len = 1 },
        { .size = sizeof(*fields), .name = "database", .name_len = 8, .value = "d", .value_len = 1 },
    };
    envres_resource_write crm = { .size = sizeof(crm), .handle = "crm", .handle_len = 3,
                                  .fields = fields, .count = 2 };
    int32_t st = 0;
    err = envres_error_new(NULL);
    (void)((st = envres_store_create(NULL, 0, NULL, &owner, &store, err)) ||
           (st = envres_session_open(store, NULL, 0, &owner, &session, err)) ||
           (st = envres_variable_put(session, "development", 11, &host, NULL, NULL, err)) ||
           (st = envres_resource_define(session, "crm", 3, "postgres", 8, NULL, err)) ||
           (st = envres_resource_configure(session, "development", 11, &crm, NULL, NULL, err)) ||
           (st = envres_scope_open(session, "development", 11, NULL, &scope, err)) ||
           (st = envres_template_parse(text, strlen(text), NULL, &tmpl, err)) ||
           (st = envres_template_bind(tmpl, scope, NULL, &bound, err)));
    return st;
}

static char *
made(void)
{
    return buffer;
}

static const char *
failure(void)
{
    return envres_error_message(err);
}

static size_t
bare_string(void)
{
    static const char text[] = "a string of thirty-four bytes, so.";
    memcpy(buffer, text, 34);
    return 34;
}

static size_t
bare_render(void)
{
    size_t need = 0;
    envres_template_render_into(tmpl, scope, &no_secrets, buffer, sizeof(buffer), &need, err);
    return need;
}

static size_t
bare_bound(void)
{
    const char *data = NULL;
    size_t len = 0;
    envres_bound_text(bound, &data, &len, err);
    memcpy(buffer, data, len);
    return len;
}

static size_t
bare_variable(void)
{
    const char *data = NULL;
    size_t len = 0;
    uint32_t index = 0;
    envres_scope_find(scope, "HOST", 4, &index, err);
    envres_scope_at(scope, index, &data, &len, err);
    memcpy(buffer, data, len);
    return len;
}

static size_t
bare_resource(void)
{
    envres_resource_handle *crm = NULL;
    envres_scope_resource(scope, "crm", 3, &crm, err);
    const char *kind = envres_resource_handle_kind(crm);
    size_t len = strlen(kind);
    memcpy(buffer, kind, len);
    envres_resource_handle_free(crm);
    return len;
}

static int64_t
spent(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
*/
import "C"

import (
	"flag"
	"fmt"
	"log"
	"math"
	"runtime"
	"runtime/debug"
	"unsafe"

	envres "envres.dev/go"
)

const text = "postgres://<< environment.variables.HOST >>/crm/and/34/bytes"

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// said makes a string of what a bare call left in the buffer.
func said(size C.size_t) string {
	return string(unsafe.Slice(made, int(size)))
}

var (
	sink string
	made = (*byte)(unsafe.Pointer(C.made()))
)

// row is a call of the package, the same call without it, and how many texts one call makes.
type row struct {
	name       string
	call, bare func()
	texts      int
}

func rows() []row {
	if st := C.prepare(C.CString(text)); st != 0 {
		log.Fatal(C.GoString(C.failure()))
	}
	owner := envres.RawKey(must(envres.GenerateKey()))
	session := must(must(envres.CreateStore("", owner)).Session(owner))
	must(session.Variables().Put("development", "HOST", "db.dev"))
	if err := session.Resources().Define("crm", "postgres"); err != nil {
		log.Fatal(err)
	}
	must(session.Resources().Configure("development", "crm", envres.Fields{"host": "h", "database": "d"}))
	scope, template := must(session.Scope("development")), must(envres.ParseTemplate(text))
	bound := must(template.Bind(scope))
	if made := must(template.Render(scope)).String(); len(made) != 34 || made != said(C.bare_render()) {
		log.Fatal("not the 34 bytes that are compared: ", made)
	}
	if kind := said(C.bare_resource()); kind != "postgres" {
		log.Fatal("no resource: ", C.GoString(C.failure()))
	}
	many := make([]*envres.Template, 100)
	for i := range many {
		many[i] = template
	}
	return []row{
		{"a C function that gives 34 bytes", nil, func() { sink = said(C.bare_string()) }, 1},
		{"render, 34 bytes", func() { sink = must(template.Render(scope)).String() },
			func() { sink = said(C.bare_render()) }, 1},
		{"render a bound template", func() { sink = must(bound.Render()).String() },
			func() { sink = said(C.bare_bound()) }, 1},
		{"render 100 with `RenderMany`, each", func() { sink = must(envres.RenderMany(many, scope))[99].String() },
			nil, 100},
		{"read a variable", func() { sink = must(scope.Get("HOST")).String() },
			func() { sink = said(C.bare_variable()) }, 1},
		{"a resource", func() {
			crm := must(scope.Resource("crm"))
			sink = crm.Kind()
			_ = crm.Close()
		}, func() { sink = said(C.bare_resource()) }, 1},
	}
}

// measure gives nanoseconds for each text, the best of all rounds.
func measure(call func(), texts, rounds int) float64 {
	best := math.Inf(1)
	for ; rounds > 0; rounds-- {
		times := 2000 / texts
		before := C.spent()
		for i := 0; i < times; i++ {
			call()
		}
		best = math.Min(best, float64(C.spent()-before)/float64(times*texts))
	}
	return best
}

func main() {
	rounds := flag.Int("rounds", 300, "how often each call is measured")
	flag.Parse()
	runtime.LockOSThread()
	debug.SetGCPercent(1000)
	fmt.Println("| call | ns | bare | times |\n|---|---|---|---|")
	for _, one := range rows() {
		shown := [3]string{}
		var ours, bare float64
		if one.call != nil {
			ours = measure(one.call, one.texts, *rounds)
			shown[0] = fmt.Sprintf("%.0f", ours)
		}
		if one.bare != nil {
			bare = measure(one.bare, one.texts, *rounds)
			shown[1] = fmt.Sprintf("%.0f", bare)
		}
		if ours > 0 && bare > 0 {
			shown[2] = fmt.Sprintf("%.2f", ours/bare)
		}
		fmt.Printf("| %s | %s | %s | %s |\n", one.name, shown[0], shown[1], shown[2])
	}
}
