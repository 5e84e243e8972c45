// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.Map;

/** One revision of a query. Immutable; threads may share it; needs its session no longer. */
public final class Query extends Handle {
    Query(long pointer) {
        super("query", pointer, Native::queryFree);
    }

    private String part(int which) {
        try (Use use = new Use()) {
            return Errors.text(Native.queryText(use.of(this), which));
        }
    }

    /**
     * The resource that it is for.
     *
     * @return its handle
     */
    public String resource() {
        try (Use use = new Use()) {
            return Errors.text(Native.queryResource(use.of(this)));
        }
    }

    /**
     * The kind of that resource when this was opened: "postgres", "rest", ...
     *
     * @return the kind
     */
    public String kind() {
        try (Use use = new Use()) {
            return Errors.text(Native.queryKind(use.of(this)));
        }
    }

    /**
     * Which revision it is.
     *
     * @return the revision
     */
    public long revision() {
        try (Use use = new Use()) {
            return Native.queryRevision(use.of(this));
        }
    }

    /**
     * The SQL as it was put; of a request the body.
     *
     * @return the text, "" for none
     */
    public String source() {
        return part(Flags.QUERY_TEXT);
    }

    /**
     * Of a request, as it was put: "GET", ...
     *
     * @return the method, "" for none
     */
    public String method() {
        return part(Flags.QUERY_METHOD);
    }

    /**
     * Of a request, as it was put.
     *
     * @return the path, "" for none
     */
    public String path() {
        return part(Flags.QUERY_PATH);
    }

    /**
     * Of a request, a JSON object as it was put.
     *
     * @return the headers, "" for none
     */
    public String headers() {
        return part(Flags.QUERY_HEADERS);
    }

    /**
     * The parameters that it declares.
     *
     * @return in their order
     */
    public Rows<QueryParamRow> params() {
        try (Use use = new Use()) {
            return new Rows<>(Native.queryParams(use.of(this)), QueryParamRow::from);
        }
    }

    /**
     * Renders it for the environment of a scope. Connects to nothing; the settings of the
     * resource are those of {@link Scope#resource}. Throws TextException (TYPE: a value of
     * another type, its name is the subject), NotFoundException (NOT_SET: one that must be given;
     * NOT_FOUND: one that is not declared), UsageException (INVALID: scope of another workspace,
     * a path that leads elsewhere, a header with a control character), and what {@link
     * Template#prepare(Scope, RenderOptions)} and {@link Template#render(Scope, RenderOptions)}
     * throw.
     *
     * @param scope what it is rendered against
     * @param options see there
     * @return what to send
     */
    public QueryResult render(Scope scope, QueryOptions options) {
        try (Use use = new Use()) {
            return new QueryResult(Native.queryRender(use.of(this), use.of(scope), options.struct(use)));
        }
    }

    /**
     * Renders it with parameters. Throws as the other.
     *
     * @param scope what it is rendered against
     * @param params as {@link Params#of} takes them
     * @return what to send
     */
    public QueryResult render(Scope scope, Map<String, ?> params) {
        try (Params made = Params.of(params)) {
            return render(scope, new QueryOptions().params(made));
        }
    }
}
