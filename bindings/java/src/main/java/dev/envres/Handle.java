// SPDX-License-Identifier: MIT
package dev.envres;

import java.lang.ref.Cleaner;
import java.util.function.LongConsumer;

/**
 * Owns an object of the library. {@link #close} gives it back, and may be called again; using it
 * afterwards is a {@link ClosedException}. Calls that are running in other threads are finished
 * first. What nobody closes is given back some time after it has become unreachable.
 */
public abstract class Handle implements AutoCloseable {
    /** Gives back what nobody closed. */
    static final Cleaner CLEANER = Cleaner.create();

    final Owner owner;
    private final Cleaner.Cleanable cleanable;

    Handle(Owner owner) {
        this.owner = owner;
        cleanable = CLEANER.register(this, owner);
    }

    Handle(String what, long pointer, LongConsumer free) {
        this(new Owner(what, pointer, free));
    }

    /** Gives it back. Calls that are running in other threads are finished first. */
    @Override
    public void close() {
        cleanable.clean();
    }

    /**
     * Whether it was closed.
     *
     * @return true: using it is a {@link ClosedException}
     */
    public boolean isClosed() {
        return owner.closed();
    }
}
