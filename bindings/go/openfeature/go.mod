module envres.dev/go/openfeature

go 1.21

require (
	envres.dev/go v0.0.0
	github.com/open-feature/go-sdk v1.14.1
)

require (
	github.com/go-logr/logr v1.4.2 // indirect
	golang.org/x/exp v0.0.0-20240506185415-9bf2ced13842 // indirect
)

// The binding in this tree; a host replaces both modules by where it has its copy.
replace envres.dev/go => ../
