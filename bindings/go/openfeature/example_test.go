// SPDX-License-Identifier: MIT

package openfeature_test

import (
	"context"
	"fmt"
	"log"

	envres "envres.dev/go"
	"envres.dev/go/openfeature"
	sdk "github.com/open-feature/go-sdk/openfeature"
)

func Example() {
	store, session := open()
	defer store.Close()
	defer session.Close()
	if err := flags(session); err != nil {
		log.Fatal(err)
	}
	// Output:
	// true STATIC
	// none
}

// README: begin flags
func flags(session *envres.Session) error {
	_, err := session.Variables().Put("development", "show_beta", "true", envres.PutOptions{Type: envres.TypeBoolean})
	if err != nil {
		return err
	}
	if err := sdk.SetProviderAndWait(openfeature.NewProvider(session, "development")); err != nil {
		return err
	}
	defer sdk.Shutdown()
	client, ctx := sdk.NewClient("app"), context.Background()
	flag, err := client.BooleanValueDetails(ctx, "show-beta", false, sdk.EvaluationContext{})
	if err != nil {
		return err
	}
	fmt.Println(flag.Value, flag.Reason)                                                    // true STATIC
	fmt.Println(client.String(ctx, "TOKEN", "none", sdk.NewEvaluationContext("user", nil))) // none
	return nil
}

// README: end flags
