// SPDX-License-Identifier: MIT
package dev.envres;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongConsumer;

/**
 * What must be given back once, when it is closed and no call uses it any more: an object of the
 * library, or the bytes of a secret.
 *
 * <p>The state counts the calls that are running; its top bit says closed. Nothing begins after that,
 * and whoever is last frees: closing under a call in another thread is safe.
 */
class Owner implements Runnable {
    private static final int CLOSED = Integer.MIN_VALUE;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Owner.class, "state", int.class);
        } catch (ReflectiveOperationException error) {
            throw new ExceptionInInitializerError(error);
        }
    }

    final long pointer;
    private final LongConsumer free;
    private final String what;
    private volatile int state;

    Owner(String what, long pointer, LongConsumer free) {
        this.what = what;
        this.pointer = pointer;
        this.free = free;
    }

    /** Begins a call; each needs a {@link #leave()}. */
    final void enter() {
        int seen;
        do {
            seen = state;
            if (seen < 0) {
                throw new ClosedException(what);
            }
        } while (!STATE.compareAndSet(this, seen, seen + 1));
    }

    final void leave() {
        if ((int) STATE.getAndAdd(this, -1) - 1 == CLOSED) {
            release();
        }
    }

    /** Also what the cleaner calls. */
    @Override
    public final void run() {
        int seen;
        do {
            seen = state;
            if (seen < 0) {
                return;
            }
        } while (!STATE.compareAndSet(this, seen, seen | CLOSED));
        if (seen == 0) {
            release();
        }
    }

    /** Waits until no call uses it: for what is only lent. */
    final void drain() {
        while (state != CLOSED) {
            Thread.onSpinWait();
        }
    }

    final boolean closed() {
        return state < 0;
    }

    /** Called exactly once. */
    void release() {
        free.accept(pointer);
    }
}
