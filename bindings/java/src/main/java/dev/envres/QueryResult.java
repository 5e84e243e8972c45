// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.Optional;

/**
 * What to send: a statement, or a request. Immutable; needs nothing any more of what it was made
 * of.
 */
public final class QueryResult extends Handle {
    QueryResult(long pointer) {
        super("query result", pointer, Native::queryResultFree);
    }

    private Optional<Text> part(int which) {
        try (Use use = new Use()) {
            return Optional.ofNullable(Values.text(Native.queryResultText(use.of(this), which)));
        }
    }

    /**
     * The SQL and its parameters, of use also after this was closed.
     *
     * @return empty for a request
     */
    public Optional<Statement> statement() {
        owner.enter();
        long found = Native.queryResultStatement(owner.pointer);
        if (found == 0) {
            owner.leave();
            return Optional.empty();
        }
        return Optional.of(new Statement(found, owner));
    }

    /**
     * Of a request: "GET", ...
     *
     * @return empty for a statement
     */
    public Optional<Text> method() {
        return part(Flags.QUERY_METHOD);
    }

    /**
     * Of a request, below the address of the resource.
     *
     * @return empty for a statement
     */
    public Optional<Text> path() {
        return part(Flags.QUERY_PATH);
    }

    /**
     * Of a request: a JSON object of strings.
     *
     * @return empty where there are none
     */
    public Optional<Text> headers() {
        return part(Flags.QUERY_HEADERS);
    }

    /**
     * Of a request: JSON.
     *
     * @return empty where there is none
     */
    public Optional<Text> body() {
        return part(Flags.QUERY_TEXT);
    }
}
