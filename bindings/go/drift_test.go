// SPDX-License-Identifier: MIT

//go:build !sanitized

package envres_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	envres "envres.dev/go"
)

// Everything public in C is there in Go: bindings/api.json against the source of the package.

// What has no method, and why.
var unbound = map[string]string{
	"envres_scope_ref":          "a *Scope is a reference; copies of it are Go's",
	"envres_template_ref":       "likewise",
	"envres_bound_ref":          "likewise",
	"envres_error_set_position": "a probe has no text of the caller's",
	"envres_status_count":       "the constants have them all; TestCodes compares names with the library's",
	"envres_status_at":          "likewise",
	"envres_value_redacted":     "Secret.Redacted does it from the ranges",
	"envres_type_name":          "Type.String",
	"envres_role_name":          "Role.String",
	"envres_nul_terminated":     "every text goes in with its length; no position is SIZE_MAX in the shim",
}

var unset = map[string]string{
	"envres_store_options.allocator":    "a function of Go for every allocation, under a lock",
	"envres_template_options.allocator": "likewise",
	"envres_redactor_options.allocator": "likewise",
}

var unused = map[string]string{
	"ENVRES_CELL_NULL":       "what is neither of the others",
	"ENVRES_TEMPLATE_BORROW": "bytes of Go belong to its collector; the text is copied",
}

var comments = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)

// sources is the package without its tests, and without comments.
func sources() string {
	var whole strings.Builder
	for _, pattern := range []string{"*.go", "shim.c"} {
		for _, path := range must(filepath.Glob(pattern)) {
			if !strings.HasSuffix(path, "_test.go") {
				whole.Write(comments.ReplaceAll(must(os.ReadFile(path)), nil))
			}
		}
	}
	return whole.String()
}

func described() api { return read[api]("bindings", "api.json") }

func TestEveryFunctionIsCalled(t *testing.T) {
	called := map[string]bool{}
	for _, match := range regexp.MustCompile(`\b(envres_\w+)\(`).FindAllStringSubmatch(sources(), -1) {
		called[match[1]] = true
	}
	declared := map[string]bool{}
	for _, function := range described().Functions {
		declared[function.Name] = true
		if function.Exported && called[function.Name] == (unbound[function.Name] != "") {
			t.Errorf("%s: without a method, or listed and called", function.Name)
		}
	}
	for name := range called {
		if !declared[name] && name != "envres_status" && !strings.HasPrefix(name, "envres_go_") {
			t.Errorf("%s is called, and not in the interface", name)
		}
	}
	for name := range unbound {
		if !declared[name] {
			t.Errorf("%s is listed, and not in the interface", name)
		}
	}
}

// assigned gives the names of all fields that stand before an equals sign.
func assigned(source string) map[string]bool {
	names := map[string]bool{}
	field := regexp.MustCompile(`(?:\.|->)_?(\w+)`)
	for _, line := range strings.Split(source, "\n") {
		if at := strings.Index(line, "="); at > 0 {
			for _, match := range field.FindAllStringSubmatch(line[:at], -1) {
				names[match[1]] = true
			}
		}
	}
	return names
}

func TestEveryFieldIsSet(t *testing.T) {
	source := sources()
	set := assigned(source)
	for _, one := range described().Structs {
		for _, field := range one.Fields {
			switch name := field.Name; {
			case name == "size", name == "reserved", strings.HasSuffix(name, "_len"), one.Name == "envres_allocator",
				unset[one.Name+"."+name] != "", name == "flags" && !strings.Contains(field.Doc, "ENVRES_"):
			case !set[name] || !strings.Contains(source, one.Name):
				t.Errorf("nobody sets %s.%s", one.Name, name)
			}
		}
	}
}

func TestEveryConstantIsUsed(t *testing.T) {
	source := sources()
	for _, group := range described().Constants {
		for _, one := range group.Constants {
			if group.Header == "testing.h" || unused[one.Name] != "" {
				continue
			}
			short := strings.SplitN(strings.TrimPrefix(one.Name, "ENVRES_"), "_", 2)
			kind := string(short[0][0]) + strings.ToLower(short[0][1:])
			generated := regexp.MustCompile(`\t` + kind + `\w+ ` + kind + ` = ` + strconv.Itoa(int(one.Value)) + `\n`)
			if !regexp.MustCompile(`\b`+one.Name+`\b`).MatchString(source) && !generated.MatchString(source) {
				t.Errorf("nobody uses %s", one.Name)
			}
		}
	}
}

func TestCodes(t *testing.T) {
	for _, one := range described().Errors {
		code := envres.Code(one.Value)
		if code.String() != one.Name {
			t.Errorf("%d is %s, not %s", one.Value, code, one.Name)
		}
		family := strings.ReplaceAll(one.Family, "_", " ")
		if found := string(envres.Families()[code]); one.Value != 0 && found != family {
			t.Errorf("%s is of %s, not %s", one.Name, found, family)
		}
		if one.Value != 0 && !strings.HasPrefix(code.Error(), one.Name+": ") {
			t.Error(code.Error())
		}
	}
	equal(t, len(envres.Families()), len(described().Errors)-1)
	equal(t, envres.Code(-9999).String(), "ENVRES_E_?")
}

func TestEveryNameIsDocumented(t *testing.T) {
	files := token.NewFileSet()
	packages := must(parser.ParseDir(files, ".", func(info os.FileInfo) bool {
		return !strings.HasSuffix(info.Name(), "_test.go")
	}, parser.ParseComments))
	found := doc.New(packages["envres"], "envres.dev/go", 0)
	count := 0
	documented := func(name, text string) {
		count++
		if strings.TrimSpace(text) == "" && ast.IsExported(name[strings.LastIndex(name, ".")+1:]) {
			t.Errorf("%s has no comment", name)
		}
	}
	documented("envres", found.Doc)
	for _, one := range found.Funcs {
		documented(one.Name, one.Doc)
	}
	for _, one := range found.Types {
		documented(one.Name, one.Doc)
		for _, method := range append(one.Methods, one.Funcs...) {
			documented(one.Name+"."+method.Name, method.Doc)
		}
	}
	equal(t, count > 250, true)
}

func TestTheNamingTableIsComplete(t *testing.T) {
	page := string(must(os.ReadFile(filepath.Join(root(), "bindings", "README.md"))))
	for _, function := range described().Functions {
		if function.Library == "envres" && !strings.Contains(page, "`"+function.Name+"`") {
			t.Errorf("%s is not in bindings/README.md", function.Name)
		}
	}
}
