// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.Arrays;

/**
 * What one call uses: handles and secrets that stay as they are until it returns. Of one thread.
 */
final class Use implements AutoCloseable {
    private final Throwable before = Callbacks.setAside();
    private Owner[] owners = new Owner[4];
    private int count;

    Use() { }

    private void enter(Owner owner) {
        owner.enter();
        if (count == owners.length) {
            owners = Arrays.copyOf(owners, 2 * count);
        }
        owners[count++] = owner;
    }

    /** Its pointer. */
    long of(Handle handle) {
        enter(handle.owner);
        return handle.owner.pointer;
    }

    /** Its pointer, or 0 for null. */
    long ofNullable(Handle handle) {
        return handle == null ? 0 : of(handle);
    }

    /** The bytes of a text; those of a secret are its own. Null stays null. */
    byte[] bytes(Text text) {
        if (text == null) {
            return null;
        }
        if (text instanceof Secret secret) {
            enter(secret.owner());
            return secret.owner().bytes;
        }
        return ((PlainText) text).bytes();
    }

    @Override
    public void close() {
        Callbacks.restore(before);
        for (int i = 0; i < count; i++) {
            owners[i].leave();
        }
    }
}
