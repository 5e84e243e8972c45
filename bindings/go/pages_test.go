// SPDX-License-Identifier: MIT

//go:build !sanitized

package envres_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheReadmeIsWhatRuns compares the README's blocks of Go with the files that they are from, whose
// output the examples state.
func TestTheReadmeIsWhatRuns(t *testing.T) {
	page := string(must(os.ReadFile(filepath.Join(root(), "bindings", "go", "README.md"))))
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```").FindAllStringSubmatch(page, -1)
	marked := regexp.MustCompile(`(?ms)^// README: begin (\w+)\n(.*?)^// README: end`)
	written := map[string]bool{}
	for _, path := range []string{"example_test.go", filepath.Join("openfeature", "example_test.go")} {
		for _, match := range marked.FindAllStringSubmatch(string(must(os.ReadFile(path))), -1) {
			written[strings.TrimSpace(match[2])] = true
		}
	}
	for _, block := range blocks {
		if !written[strings.TrimSpace(block[1])] {
			t.Errorf("not in the tests:\n%s", block[1])
		}
	}
	equal(t, len(blocks), len(written))
	equal(t, len(blocks), 3)
}
