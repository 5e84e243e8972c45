// SPDX-License-Identifier: MIT
package dev.envres;

/** Where the host remembers the newest state of a workspace outside of the file. */
public interface Anchor {
    /**
     * A state of a workspace.
     *
     * @param sequence of the audit
     * @param hash 32 bytes
     */
    record State(long sequence, byte[] hash) { }

    /**
     * What was stored last.
     *
     * @param workspace 16 bytes
     * @return null: nothing was
     */
    State load(byte[] workspace);

    /**
     * Replaces what was expected, compare-and-set; leaves what is newer.
     *
     * @param workspace 16 bytes
     * @param expected the sequence that is replaced; 0: none
     * @param state the new one
     */
    void store(byte[] workspace, long expected, State state);
}
