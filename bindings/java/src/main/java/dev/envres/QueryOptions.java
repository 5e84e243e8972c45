// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.Map;

/** How a query is rendered. Each method sets something and gives the same object back. */
public final class QueryOptions {
    private int flags;
    private Params params;
    private long outputMax;

    /** What is usual, without parameters. */
    public QueryOptions() { }

    /**
     * The parameters.
     *
     * @param params made before, yours to close
     * @return this
     */
    public QueryOptions params(Params params) {
        this.params = params;
        return this;
    }

    /**
     * The parameters.
     *
     * @param values as {@link Params#of} takes them
     * @return this
     */
    public QueryOptions params(Map<String, ?> values) {
        return params(Params.of(values));
    }

    /**
     * Any secret is a SecretException.
     *
     * @return this
     */
    public QueryOptions noSecrets() {
        flags |= Flags.QUERY_NO_SECRETS;
        return this;
    }

    /**
     * A String is read as the declared type: for what comes from a form.
     *
     * @return this
     */
    public QueryOptions readStrings() {
        flags |= Flags.QUERY_READ_STRINGS;
        return this;
    }

    /**
     * The largest text.
     *
     * @param bytes 0: 64 MiB
     * @return this
     */
    public QueryOptions outputMax(long bytes) {
        outputMax = bytes;
        return this;
    }

    Object[] struct(Use use) {
        return Structs.queryOptions(flags, use.ofNullable(params), outputMax);
    }
}
