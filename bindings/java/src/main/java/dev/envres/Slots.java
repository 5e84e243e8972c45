// SPDX-License-Identifier: MIT
package dev.envres;

/** The ways to unlock the session's own principal. */
public final class Slots {
    private final Session session;

    Slots(Session session) {
        this.session = session;
    }

    /**
     * All. Throws IntegrityException when somebody else changed their set.
     *
     * @return oldest first
     */
    public Rows<SlotRow> list() {
        try (Use use = new Use()) {
            return new Rows<>(Native.slotList(use.of(session)), SlotRow::from);
        }
    }

    /**
     * Adds one. Throws KeyMaterialException, UsageException (16 slots), DeniedException.
     *
     * @param label what people read
     * @param credential what unlocks it
     * @param changes what goes with the change: reason, operation, force
     * @return its ordinal
     */
    public long add(String label, Credential credential, Change... changes) {
        try (Use use = new Use(); Credential.Given given = credential.given(use)) {
            return Native.slotAdd(use.of(session), Utf8.of(label), given.struct, Change.struct(changes));
        }
    }

    /**
     * Puts another credential into one: a new passphrase. Throws as {@link #add};
     * NotFoundException.
     *
     * @param ordinal which slot
     * @param credential what unlocks it
     * @param changes what goes with the change: reason, operation, force
     */
    public void change(long ordinal, Credential credential, Change... changes) {
        try (Use use = new Use(); Credential.Given given = credential.given(use)) {
            Native.slotChange(use.of(session), ordinal, given.struct, Change.struct(changes));
        }
    }

    /**
     * Removes one. Throws NotFoundException, ConflictException (REFERRED: the last one stays).
     *
     * @param ordinal which slot
     * @param changes what goes with the change: reason, operation, force
     */
    public void remove(long ordinal, Change... changes) {
        try (Use use = new Use()) {
            Native.slotRemove(use.of(session), ordinal, Change.struct(changes));
        }
    }
}
