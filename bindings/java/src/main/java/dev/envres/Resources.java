// SPDX-License-Identifier: MIT
package dev.envres;

/** Handles with a kind, and settings per environment. */
public final class Resources {
    private final Session session;

    Resources(Session session) {
        this.session = session;
    }

    /**
     * Defines one. Throws InvalidNameException, NotFoundException (kind), ConflictException
     * (REFERRED).
     *
     * @param handle handle of the resource
     * @param kind "postgres", "rest", ...: {@link Envres#kinds}
     * @param changes what goes with the change: reason, operation, force
     */
    public void define(String handle, String kind, Change... changes) {
        try (Use use = new Use()) {
            Native.resourceDefine(use.of(session), Utf8.of(handle), Utf8.of(kind),
                    Change.struct(changes));
        }
    }

    /**
     * Sets fields. Throws NotFoundException, InvalidNameException (FIELD), TextException,
     * DeniedException, ConflictException.
     *
     * @param environment key of the environment
     * @param handle handle of the resource
     * @param write the fields
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long configure(String environment, String handle, ResourceWrite write, Change... changes) {
        try (Use use = new Use()) {
            return Native.resourceConfigure(use.of(session), Utf8.of(environment),
                    write.struct(handle, use), Change.struct(changes));
        }
    }

    /**
     * Declares that it takes the settings of another environment where it has none. Throws
     * NotFoundException, DeniedException (FALLBACK).
     *
     * @param environment key of the environment
     * @param handle handle of the resource
     * @param to key of the other; null: withdraws that
     * @param changes what goes with the change: reason, operation, force
     */
    public void fallback(String environment, String handle, String to, Change... changes) {
        try (Use use = new Use()) {
            Native.resourceFallback(use.of(session), Utf8.of(environment),
                    Structs.fallback(0, Utf8.of(handle), Utf8.of(to)), Change.struct(changes));
        }
    }

    /**
     * Removes it everywhere. Throws ConflictException (REFERRED).
     *
     * @param handle handle of the resource
     * @param changes what goes with the change: reason, operation, force
     */
    public void remove(String handle, Change... changes) {
        try (Use use = new Use()) {
            Native.resourceRemove(use.of(session), Utf8.of(handle), Change.struct(changes));
        }
    }

    /**
     * All.
     *
     * @return by handle, then by environment in path order
     */
    public Rows<ResourceRow> list() {
        try (Use use = new Use()) {
            return new Rows<>(Native.resourceList(use.of(session)), ResourceRow::from);
        }
    }

    /**
     * What it was in one environment.
     *
     * @param environment key of the environment
     * @param handle handle of the resource
     * @param reveal secrets too, each as a {@link Secret}
     * @return newest first
     */
    public Rows<HistoryRow> history(String environment, String handle, boolean reveal) {
        try (Use use = new Use()) {
            return new Rows<>(Native.resourceHistory(use.of(session), Utf8.of(environment),
                    Utf8.of(handle), reveal ? Flags.READ_REVEAL : 0), HistoryRow::from);
        }
    }
}
