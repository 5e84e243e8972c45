module envres.dev/go

go 1.19
