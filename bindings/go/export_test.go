// SPDX-License-Identifier: MIT

package envres

// Inspect lets tests see every list that is read.
func Inspect(use func(table string, columns []string, nulls [][]bool)) { inspect = use }

// Bytes gives the buffer of a secret itself, to look whether it is wiped.
func (s Secret) Bytes() []byte { return s.data().bytes }

// Families gives what belongs to which family.
func Families() map[Code]Family { return families }
