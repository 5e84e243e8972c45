module example.com/dashboard

go 1.19

require envres.dev/go v0.0.0

// The binding in this tree; a host writes where it has its copy.
replace envres.dev/go => ../../bindings/go
