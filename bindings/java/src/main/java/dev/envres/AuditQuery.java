// SPDX-License-Identifier: MIT
package dev.envres;

/** Which entries of the audit. Each method sets something and gives the same object back. */
public final class AuditQuery {
    private long since;
    private long limit;
    private String environment;
    private String app;

    /** All. */
    public AuditQuery() { }

    /**
     * Behind an entry.
     *
     * @param sequence its number
     * @return this
     */
    public AuditQuery since(long sequence) {
        since = sequence;
        return this;
    }

    /**
     * At most so many.
     *
     * @param count 0: all
     * @return this
     */
    public AuditQuery limit(long count) {
        limit = count;
        return this;
    }

    /**
     * Of one environment.
     *
     * @param key of the environment
     * @return this
     */
    public AuditQuery environment(String key) {
        environment = key;
        return this;
    }

    /**
     * Of one app.
     *
     * @param name of the app
     * @return this
     */
    public AuditQuery app(String name) {
        app = name;
        return this;
    }

    Object[] struct() {
        return Structs.auditOptions(since, limit, Utf8.of(environment), Utf8.of(app));
    }
}
