// SPDX-License-Identifier: MIT

//go:build !sanitized

package envres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	envres "envres.dev/go"
)

// Memory and files that stay as many, and what finalizers do. A sanitizer keeps what is freed, and the race
// detector sees no order between a finalizer and a look into a buffer.

// resident gives the bytes that the process has in memory.
func resident() int {
	debug.FreeOSMemory()
	var size, pages int
	file := must(os.Open("/proc/self/statm"))
	defer file.Close()
	must(fmt.Fscan(file, &size, &pages))
	return pages * os.Getpagesize()
}

func TestMemoryStaysFlat(t *testing.T) {
	_, session, _ := newScope(t)
	template := parse("<< environment.variables.KEY >>")
	use := func(times int, closes bool) int {
		for i := 0; i < times; i++ {
			one := must(session.Scope("development"))
			hidden, crm := must(template.Render(one)), must(one.Resource("crm"))
			must(one.Explain("HOST"))
			fails(t, only(envres.ParseTemplate("<< environment.name")), envres.CodeSyntax)
			check(one.TestResource("crm", func(*envres.Resource) error { return nil }))
			if closes {
				check(hidden.Close())
				check(crm.Close())
				check(one.Close())
			} else if i%100 == 0 {
				collect()
			}
		}
		collect()
		return resident()
	}
	before := use(2000, true)
	after := use(10000, true)
	t.Logf("%d KiB, %d KiB after 10,000 rounds", before>>10, after>>10)
	if after-before > 4<<20 {
		t.Errorf("%d bytes more", after-before)
	}
	if after = use(2000, false); after-before > 16<<20 {
		t.Errorf("%d bytes more, closed by finalizers alone", after-before)
	}
}

func TestFilesAreClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	check(must(envres.CreateStore(path, owner)).Close())
	use := func(times int) (int, int) {
		for i := 0; i < times; i++ {
			store := must(envres.OpenStore(path, envres.StoreOptions{AuditSink: func(envres.Checkpoint) error { return nil }}))
			session := must(store.Session(owner))
			check(must(session.Scope("development")).Close())
			check(store.Close())
			check(session.Close())
		}
		collect()
		return len(must(os.ReadDir("/proc/self/fd"))), resident()
	}
	// A store costs 2 ms to open; with 2,000 of them 2 KiB that each leaves behind is seen.
	files, before := use(50)
	now, after := use(2000)
	if now != files || after-before > 4<<20 {
		t.Errorf("%d files in place of %d, %d bytes more", now, files, after-before)
	}
}

func TestFinalizersClose(t *testing.T) {
	hidden := secret(mark)
	buffer := hidden.Bytes()
	hidden = nil
	for i := 0; i < 100 && buffer[0] != 0; i++ {
		collect()
	}
	equal(t, buffer, make([]byte, len(mark)))
}
