// SPDX-License-Identifier: MIT

package envres_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	envres "envres.dev/go"
)

// dataOf is bytes in hex, or as pairs of a text and how often.
func dataOf(written json.RawMessage) (found []byte) {
	var digits struct{ Hex string }
	if json.Unmarshal(written, &digits) == nil {
		return must(hex.DecodeString(digits.Hex))
	}
	var pairs [][2]interface{}
	check(json.Unmarshal(written, &pairs))
	for _, pair := range pairs {
		found = append(found, strings.Repeat(pair[0].(string), int(pair[1].(float64)))...)
	}
	return found
}

func TestVectorsOfDigests(t *testing.T) {
	type part struct {
		Name, Path, Digest string
		Public             bool
		Data               json.RawMessage
	}
	file := read[struct {
		Count    int
		Parts    []part
		Versions []struct {
			Name, Content string
			Parts         []part
		}
	}]("tests", "vectors", "digests.json")
	for _, one := range file.Parts {
		equal(t, must(envres.PartDigest(dataOf(one.Data))), one.Digest)
	}
	for _, one := range file.Versions {
		within(func(session *envres.Session) {
			check(session.Apps().Create("it"))
			content := one.Content
			for _, part := range one.Parts {
				content = must(session.Parts().Put("it", "v1", []envres.PartWrite{
					{Path: part.Path, Data: dataOf(part.Data), Public: part.Public}}))
			}
			equal(t, []string{content, must(session.Versions().Describe("it", "v1")).Content},
				[]string{one.Content, one.Content})
		})
	}
	counted(t, len(file.Parts)+len(file.Versions), file.Count)
}
