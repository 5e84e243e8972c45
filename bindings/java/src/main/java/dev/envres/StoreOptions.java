// SPDX-License-Identifier: MIT
package dev.envres;

import java.time.InstantSource;
import java.util.function.Consumer;

/** How a store is made or opened. Each method sets something and gives the same object back. */
public final class StoreOptions {
    private int flags;
    private long busyTimeoutMs;
    private long kdfMemoryMax;
    private InstantSource clock;
    private Anchor anchor;
    private Consumer<Checkpoint> auditSink;
    private String vfs;
    private String workspace;
    private String ownerName;

    /** What is usual. */
    public StoreOptions() { }

    private StoreOptions flag(int flag) {
        flags |= flag;
        return this;
    }

    /**
     * Of {@link Store#create} and {@link Store#salvage}: the name of the workspace; otherwise
     * "main".
     *
     * @param name the name
     * @return this
     */
    public StoreOptions workspace(String name) {
        workspace = name;
        return this;
    }

    /**
     * Of {@link Store#create}: the name of the owner; otherwise "owner".
     *
     * @param name the name
     * @return this
     */
    public StoreOptions ownerName(String name) {
        ownerName = name;
        return this;
    }

    /**
     * Never write.
     *
     * @return this
     */
    public StoreOptions readOnly() {
        return flag(Flags.STORE_READ_ONLY);
    }

    /**
     * How long to wait for another writer.
     *
     * @param ms milliseconds; 0: 5,000; 0xFFFFFFFF: do not wait
     * @return this
     */
    public StoreOptions busyTimeoutMs(long ms) {
        if (ms < 0 || ms > 0xFFFFFFFFL) {
            throw Errors.usage("busyTimeoutMs: 0 to 0xFFFFFFFF");
        }
        busyTimeoutMs = ms;
        return this;
    }

    /**
     * A clock in place of the system's. It must not call the library; what it throws is given to
     * the thread's handler of uncaught exceptions.
     *
     * @param source of the time
     * @return this
     */
    public StoreOptions clock(InstantSource source) {
        clock = source;
        return this;
    }

    /**
     * Where the newest state that was seen is remembered outside of the file.
     *
     * @param anchor called back by changes and when a session is opened
     * @return this
     */
    public StoreOptions anchor(Anchor anchor) {
        this.anchor = anchor;
        return this;
    }

    /**
     * What is given a checkpoint now and then; while it throws, changes are refused.
     *
     * @param sink called back by changes
     * @return this
     */
    public StoreOptions auditSink(Consumer<Checkpoint> sink) {
        auditSink = sink;
        return this;
    }

    /**
     * The most memory an unlock may use for Argon2id.
     *
     * @param bytes 0: 1 GiB
     * @return this
     * @throws IllegalArgumentException for a negative number
     */
    public StoreOptions kdfMemoryMax(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("kdfMemoryMax(): a negative number of bytes");
        }
        kdfMemoryMax = bytes;
        return this;
    }

    /**
     * Refuse to unlock keys in memory that cannot be locked.
     *
     * @return this
     */
    public StoreOptions lockedMemory() {
        return flag(Flags.STORE_LOCKED_MEMORY);
    }

    /**
     * Open a file that group or others may access, or with several links.
     *
     * @return this
     */
    public StoreOptions anyFileMode() {
        return flag(Flags.STORE_ANY_FILE_MODE);
    }

    /**
     * Open on a FUSE file system of unknown kind.
     *
     * @return this
     */
    public StoreOptions allowFuse() {
        return flag(Flags.STORE_ALLOW_FUSE);
    }

    /**
     * Commit without waiting for the disk: for tests only.
     *
     * @return this
     */
    public StoreOptions relaxed() {
        return flag(Flags.STORE_RELAXED);
    }

    /**
     * A registered SQLite VFS: for tests only.
     *
     * @param name of the VFS
     * @return this
     */
    public StoreOptions vfs(String name) {
        vfs = name;
        return this;
    }

    Callbacks.OfStore callbacks() {
        return new Callbacks.OfStore(clock, anchor, auditSink);
    }

    /** An envres_store_options. */
    Object[] struct(Callbacks.OfStore callbacks) {
        long clocked = clock == null ? 0 : callbacks.number;
        long anchored = anchor == null ? 0 : callbacks.number;
        long sunk = auditSink == null ? 0 : callbacks.number;
        return Structs.storeOptions(flags, busyTimeoutMs, clocked, clocked, kdfMemoryMax,
                Utf8.withoutNul(vfs, "vfs"), Utf8.withoutNul(workspace, "workspace"),
                Utf8.withoutNul(ownerName, "ownerName"), anchored, anchored, anchored, sunk, sunk);
    }
}
