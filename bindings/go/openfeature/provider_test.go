// SPDX-License-Identifier: MIT

package openfeature_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	envres "envres.dev/go"
	"envres.dev/go/openfeature"
	sdk "github.com/open-feature/go-sdk/openfeature"
)

var (
	owner  = envres.RawKey(strings.Repeat("k", 32))
	ctx    = context.Background()
	nobody = sdk.EvaluationContext{}
	why    = envres.Change{Reason: "a test"}
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func equal(t *testing.T, found, wanted interface{}) {
	t.Helper()
	if !reflect.DeepEqual(found, wanted) {
		t.Errorf("%#v in place of %#v", found, wanted)
	}
}

func open() (*envres.Store, *envres.Session) {
	store := must(envres.CreateStore("", owner))
	session := must(store.Session(owner))
	must(session.Variables().Put("development", "TOKEN", envres.NewSecretString("tok-123456")))
	return store, session
}

// use makes a provider the one of the tests' domain.
func use(t *testing.T, provider *openfeature.Provider) *sdk.Client {
	t.Helper()
	if err := sdk.SetNamedProviderAndWait("test", provider); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sdk.Shutdown)
	return sdk.NewClient("test")
}

func flagged(t *testing.T) *envres.Session {
	store, session := open()
	t.Cleanup(func() { _, _ = session.Close(), store.Close() })
	write := func(name, value string, kind envres.Type) envres.Write {
		return envres.Write{Name: name, Value: value, Type: kind}
	}
	must(session.Variables().PutMany("development", []envres.Write{
		write("show_beta", "true", envres.TypeBoolean), write("GREETING", "hi", 0), write("LIMIT", "10", envres.TypeNumber),
		write("RATIO", "0.5", envres.TypeNumber), write("HUGE", "9007199254740993", envres.TypeNumber),
		write("MOST", "9223372036854775807", envres.TypeNumber), write("THEME", `{"dark": [1]}`, envres.TypeJSON),
		write("WORD", `"json"`, envres.TypeJSON), {Name: "KEY", Value: envres.NewSecretString("s3cr3t")},
		write("BROKEN", `{"variants": {"a": 1}, "defaultVariant": "b"}`, envres.TypeJSON),
		write("STATE", `{"variants": {"a": 1}, "state": 5}`, envres.TypeJSON)}))
	must(session.Variables().Put("development", "URL", "//<< environment.variables.GREETING >>",
		envres.PutOptions{Type: envres.TypeTemplate}))
	must(session.Variables().Put("staging", "ELSEWHERE", "1"))
	return session
}

func TestTypesAndReasons(t *testing.T) {
	session := flagged(t)
	client := use(t, openfeature.NewProvider(session, "development"))
	found := must(client.BooleanValueDetails(ctx, "show-beta", false, nobody))
	equal(t, []interface{}{found.Value, found.Reason, found.Variant}, []interface{}{true, sdk.StaticReason, ""})
	equal(t, must(client.BooleanValueDetails(ctx, "show-beta", false, nobody)).Reason, sdk.CachedReason)
	equal(t, found.FlagMetadata["environment"], "development")
	found.FlagMetadata["environment"] = "production"
	equal(t, must(client.BooleanValueDetails(ctx, "show-beta", false, nobody)).FlagMetadata["environment"], "development")
	equal(t, []interface{}{client.String(ctx, "GREETING", "", nobody), client.String(ctx, "URL", "", nobody),
		client.Int(ctx, "LIMIT", 0, nobody), client.Float(ctx, "RATIO", 0, nobody), client.Float(ctx, "LIMIT", 0, nobody)},
		[]interface{}{"hi", "//hi", int64(10), 0.5, 10.0})
	theme := client.Object(ctx, "THEME", nil, nobody).(map[string]interface{})
	theme["dark"] = "changed"
	equal(t, client.Object(ctx, "THEME", nil, nobody), map[string]interface{}{"dark": []interface{}{1.0}})
	details := func(key, kind string) (sdk.ResolutionDetail, interface{}) {
		switch kind {
		case "Boolean":
			found, _ := client.BooleanValueDetails(ctx, key, false, nobody)
			return found.ResolutionDetail, found.Value
		case "Integer":
			found, _ := client.IntValueDetails(ctx, key, 1, nobody)
			return found.ResolutionDetail, found.Value
		case "Float":
			found, _ := client.FloatValueDetails(ctx, key, 0.1, nobody)
			return found.ResolutionDetail, found.Value
		case "Object":
			found, _ := client.ObjectValueDetails(ctx, key, "d", nobody)
			return found.ResolutionDetail, found.Value
		}
		found, _ := client.StringValueDetails(ctx, key, "d", nobody)
		return found.ResolutionDetail, found.Value
	}
	fallback := map[string]interface{}{"Boolean": false, "Integer": int64(1), "Float": 0.1, "String": "d", "Object": "d"}
	for _, row := range [][3]string{{"NOPE", "Boolean", "FLAG_NOT_FOUND"}, {"no flag", "Boolean", "FLAG_NOT_FOUND"},
		{"GREETING", "Boolean", "TYPE_MISMATCH"}, {"show-beta", "Integer", "TYPE_MISMATCH"}, {"RATIO", "Integer", "TYPE_MISMATCH"},
		{"HUGE", "Float", "TYPE_MISMATCH"}, {"MOST", "Float", "TYPE_MISMATCH"}, {"GREETING", "Object", "TYPE_MISMATCH"},
		{"LIMIT", "String", "TYPE_MISMATCH"}, {"WORD", "Object", "TYPE_MISMATCH"}, {"KEY", "String", "GENERAL"},
		{"BROKEN", "Integer", "PARSE_ERROR"}, {"STATE", "Integer", "PARSE_ERROR"}} {
		found, value := details(row[0], row[1])
		equal(t, []interface{}{value, string(found.ErrorCode), found.Reason}, []interface{}{fallback[row[1]], row[2], sdk.ErrorReason})
		if strings.Contains(found.ErrorMessage, "s3cr3t") {
			t.Error(found.ErrorMessage)
		}
	}
	other, value := details("ELSEWHERE", "String")
	equal(t, []interface{}{value, other.Reason, string(other.ErrorCode)}, []interface{}{"d", sdk.DisabledReason, ""})
}

func TestTheContextChoosesNothing(t *testing.T) {
	client := use(t, openfeature.NewProvider(flagged(t), "development"))
	user := sdk.NewEvaluationContext("user", map[string]interface{}{"environment": "production"})
	equal(t, client.String(ctx, "GREETING", "", user), "hi")
}

// heard gives the next event.
func heard(t *testing.T, events chan sdk.Event) sdk.Event {
	t.Helper()
	select {
	case event := <-events:
		return event
	case <-time.After(10 * time.Second):
		t.Fatal("no event came")
		return sdk.Event{}
	}
}

func TestEvents(t *testing.T) {
	session := flagged(t)
	provider := openfeature.NewProvider(session, "development")
	client, events := use(t, provider), make(chan sdk.Event, 16)
	for _, kind := range []sdk.EventType{sdk.ProviderConfigChange, sdk.ProviderStale} {
		kind := kind
		handler := func(details sdk.EventDetails) {
			events <- sdk.Event{EventType: kind, ProviderEventDetails: details.ProviderEventDetails}
		}
		client.AddHandler(kind, &handler)
	}
	equal(t, provider.Poll(), false)
	must(session.Variables().Put("development", "GREETING", "ho"))
	equal(t, client.String(ctx, "GREETING", "", nobody), "hi")
	equal(t, provider.Poll(), true)
	event := heard(t, events)
	equal(t, []interface{}{event.EventType, event.FlagChanges}, []interface{}{sdk.ProviderConfigChange, []string{"GREETING", "URL"}})
	equal(t, client.String(ctx, "GREETING", "", nobody), "ho")
	_ = session.Close()
	equal(t, []bool{provider.Poll(), provider.Poll()}, []bool{false, false})
	equal(t, heard(t, events).EventType, sdk.ProviderStale)
	equal(t, client.String(ctx, "GREETING", "", nobody), "ho")
}

func TestItPollsByItself(t *testing.T) {
	session := flagged(t)
	provider := openfeature.NewProvider(session, "development", openfeature.Options{Poll: 10 * time.Millisecond})
	client, told := use(t, provider), make(chan sdk.Event, 16)
	handler := func(sdk.EventDetails) { told <- sdk.Event{} }
	client.AddHandler(sdk.ProviderConfigChange, &handler)
	must(session.Variables().Put("development", "GREETING", "ho"))
	heard(t, told)
	equal(t, client.String(ctx, "GREETING", "", nobody), "ho")
	provider.Shutdown()
	provider.Shutdown()
	_, err := client.StringValue(ctx, "GREETING", "", nobody)
	equal(t, err != nil && strings.Contains(err.Error(), "PROVIDER_NOT_READY"), true)
}

func released(session *envres.Session, version, tag string, live int64) {
	seen := must(session.Versions().Describe("shop", version))
	must(session.Versions().Promote("shop", version, "production", seen, envres.PromoteOptions{Change: why, Through: true}))
	_, _, err := session.Releases().Create("shop", version, tag, seen, live, envres.ReleaseOptions{Change: why})
	must(0, err)
}

func TestFlagsOfARelease(t *testing.T) {
	session := flagged(t)
	must(0, session.Apps().Create("shop", envres.AppOptions{PinConfig: envres.Yes}))
	put := envres.PutOptions{Change: why}
	must(session.Variables().Put("production", "GREETING", "one", put))
	released(session, "v1", "1.0.0", 0)
	provider := openfeature.NewProvider(session, "production", openfeature.Options{App: "shop"})
	client := use(t, provider)
	found := must(client.StringValueDetails(ctx, "GREETING", "", nobody))
	equal(t, []interface{}{found.FlagMetadata["release"], found.FlagMetadata["version"]}, []interface{}{"1.0.0", "v1"})
	must(session.Variables().Put("production", "GREETING", "two", put))
	provider.Poll()
	equal(t, client.String(ctx, "GREETING", "", nobody), "one")
	must(session.Versions().Create("shop", envres.VersionOptions{Name: "v2"}))
	released(session, "v2", "2.0.0", 1)
	equal(t, provider.Poll(), true)
	equal(t, client.String(ctx, "GREETING", "", nobody), "two")
}
