// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * From the library back into Java. The library holds a number for each host object, which is known here
 * for as long as anything may call it.
 *
 * <p>Nothing thrown ever crosses the library: it is kept for the thread, the shim is told a code, and
 * the call that led here throws with what was kept as its cause. Its text goes nowhere else: it may
 * hold anything.
 */
final class Callbacks {
    private static final ConcurrentHashMap<Long, Object> KNOWN = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT = new AtomicLong(1);
    private static final ThreadLocal<Throwable> THROWN = new ThreadLocal<>();

    private Callbacks() { }

    /** The number of a host object, until {@link #forget}. */
    static long know(Object host) {
        long number = NEXT.getAndIncrement();
        KNOWN.put(number, host);
        return number;
    }

    static void forget(long number) {
        KNOWN.remove(number);
    }

    /** How many are known: what tests look at. */
    static int known() {
        return KNOWN.size();
    }

    /** What a store was given; known until the store and all its sessions are closed. */
    static final class OfStore {
        final InstantSource clock;
        final Anchor anchor;
        final Consumer<Checkpoint> auditSink;
        final long number;
        private final AtomicInteger users = new AtomicInteger(1);

        OfStore(InstantSource clock, Anchor anchor, Consumer<Checkpoint> auditSink) {
            this.clock = clock;
            this.anchor = anchor;
            this.auditSink = auditSink;
            number = know(this);
        }

        OfStore retain() {
            users.incrementAndGet();
            return this;
        }

        void release() {
            if (users.decrementAndGet() == 0) {
                forget(number);
            }
        }
    }

    private static void kept(Throwable thrown) {
        THROWN.set(thrown);
    }

    /**
     * Begins a call: what an outer one kept (this one may be made by its callback) is set aside.
     *
     * @return for {@link #restore}
     */
    static Throwable setAside() {
        Throwable before = THROWN.get();
        if (before != null) {
            THROWN.set(null);
        }
        return before;
    }

    /** Ends a call: what was thrown and is no cause of its exception says nothing about later ones. */
    static void restore(Throwable before) {
        if (THROWN.get() != before) {
            THROWN.set(before);
        }
    }

    /** Ends a call that has no exception to carry what was thrown: it is reported. */
    static void report(Throwable before) {
        Throwable thrown = THROWN.get();
        restore(before);
        if (thrown != null) {
            report(Thread.currentThread(), thrown);
        }
    }

    private static void report(Thread here, Throwable thrown) {
        try {
            here.getUncaughtExceptionHandler().uncaughtException(here, thrown);
        } catch (Throwable ignored) {
            // A handler that throws has had its say.
        }
    }

    private static int status(Throwable thrown) {
        return thrown instanceof EnvresException error && error.status() < 0
                ? error.status() : Code.CALLBACK.value();
    }

    /** What a callback of this thread threw, if that is why a call failed. */
    static Throwable takeThrown(int status) {
        Throwable thrown = THROWN.get();
        if (thrown == null) {
            return null;
        }
        THROWN.set(null);
        return status == status(thrown) || status == Code.CALLBACK.value() ? thrown : null;
    }

    /** Asked by the shim after a callback gave nothing: its code. */
    static int failed() {
        Throwable thrown = THROWN.get();
        return thrown == null ? Code.CALLBACK.value() : status(thrown);
    }

    static byte[] wrap(long user, byte[] principal, byte[] key, byte[] aad, int cap) {
        try {
            byte[] wrapped = ((KeyProvider) KNOWN.get(user)).wrap(principal, key, aad);
            if (wrapped.length == 0 || wrapped.length > cap) {
                throw new IllegalStateException("wrap() gave " + wrapped.length + " bytes, at most "
                        + cap + " fit");
            }
            return wrapped;
        } catch (Throwable thrown) {
            kept(thrown);
            return null;
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    static byte[] unwrap(long user, byte[] principal, byte[] blob, byte[] aad) {
        try {
            byte[] key = ((KeyProvider) KNOWN.get(user)).unwrap(principal, blob, aad);
            if (key.length != 32) {
                Arrays.fill(key, (byte) 0);
                throw new IllegalStateException("unwrap() gave " + key.length + " bytes, not 32");
            }
            return key;
        } catch (Throwable thrown) {
            kept(thrown);
            return null;
        }
    }

    /** A clock cannot fail: what it throws is reported, and the system's is taken. */
    static long clock(long user) {
        try {
            return ((OfStore) KNOWN.get(user)).clock.millis();
        } catch (Throwable thrown) {
            report(Thread.currentThread(), thrown);
            return System.currentTimeMillis();
        }
    }

    /** Eight bytes of sequence and 32 of hash; empty: nothing was stored. */
    static byte[] anchorLoad(long user, byte[] workspace) {
        try {
            Anchor.State state = ((OfStore) KNOWN.get(user)).anchor.load(workspace);
            if (state == null) {
                return new byte[0];
            }
            if (state.hash().length != 32) {
                throw new IllegalStateException("load() gave a hash of " + state.hash().length
                        + " bytes, not 32");
            }
            return ByteBuffer.allocate(40).putLong(state.sequence()).put(state.hash()).array();
        } catch (Throwable thrown) {
            kept(thrown);
            return null;
        }
    }

    static int anchorStore(long user, byte[] workspace, long expected, long sequence, byte[] hash) {
        try {
            ((OfStore) KNOWN.get(user)).anchor.store(workspace, expected,
                    new Anchor.State(sequence, hash));
            return 0;
        } catch (Throwable thrown) {
            kept(thrown);
            return status(thrown);
        }
    }

    static int auditSink(long user, byte[] workspace, byte[] signer, byte[] signKey, long sequence,
            long time, long policyVersion, byte[] hash, byte[] signature) {
        try {
            ((OfStore) KNOWN.get(user)).auditSink.accept(new Checkpoint(workspace, signer, signKey,
                    sequence, Instant.ofEpochMilli(time), policyVersion, hash, signature));
            return 0;
        } catch (Throwable thrown) {
            kept(thrown);
            return status(thrown);
        }
    }

    /** Null: all is well; else message, hint and subject for the library's slot. */
    static Object[] probe(long user, long handle) {
        Resource lent = Resource.lent(handle);
        try {
            @SuppressWarnings("unchecked")
            Consumer<Resource> host = (Consumer<Resource>) KNOWN.get(user);
            host.accept(lent);
            return null;
        } catch (EnvresException error) {
            kept(error);
            return said(error.getMessage(), error.hint(), error.subject());
        } catch (Throwable thrown) {
            kept(thrown);
            return said("the probe threw " + thrown.getClass().getName(), "", "");
        } finally {
            lent.close();
            lent.owner.drain();
        }
    }

    private static Object[] said(String message, String hint, String subject) {
        return new byte[][] {message.getBytes(StandardCharsets.UTF_8),
            hint.getBytes(StandardCharsets.UTF_8), subject.getBytes(StandardCharsets.UTF_8)};
    }
}
