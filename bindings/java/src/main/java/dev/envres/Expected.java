// SPDX-License-Identifier: MIT
package dev.envres;

/** What a write expects to find: in C 0 means anything, and -1 nothing. */
final class Expected {
    private Expected() { }

    static long of(long revision) {
        return revision == 0 ? -1 : revision;
    }
}
