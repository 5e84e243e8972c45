// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.ArrayList;
import java.util.List;

/** A query to be put. Each method sets something and gives the same object back. */
public final class QueryWrite {
    private final String name;
    private final String resource;
    private final List<QueryParam> params = new ArrayList<>();
    private String source;
    private String method;
    private String path;
    private String headers;
    private long expect;

    /**
     * A query without a text yet.
     *
     * @param name its name
     * @param resource the handle of the resource that it is for
     */
    public QueryWrite(String name, String resource) {
        this.name = name;
        this.resource = resource;
    }

    /**
     * The SQL, a template of {@link Context#SQL}; of a request its body, of {@link Context#JSON}.
     *
     * @param source the text
     * @return this
     */
    public QueryWrite source(String source) {
        this.source = source;
        return this;
    }

    /**
     * Declares a parameter; at most 256.
     *
     * @param param the declaration
     * @return this
     */
    public QueryWrite param(QueryParam param) {
        params.add(param);
        return this;
    }

    /**
     * Of a request; otherwise POST with a body and for graphql, else GET.
     *
     * @param method for example "PUT"
     * @return this
     */
    public QueryWrite method(String method) {
        this.method = method;
        return this;
    }

    /**
     * Of a request, of {@link Context#URL}.
     *
     * @param path "" or what begins with / or ?
     * @return this
     */
    public QueryWrite path(String path) {
        this.path = path;
        return this;
    }

    /**
     * Of a request, of {@link Context#JSON}.
     *
     * @param headers an object of strings
     * @return this
     */
    public QueryWrite headers(String headers) {
        this.headers = headers;
        return this;
    }

    /**
     * Only if this is so; else ConflictException (CHANGED).
     *
     * @param revision the newest; 0: there is none
     * @return this
     */
    public QueryWrite expect(long revision) {
        expect = Expected.of(revision);
        return this;
    }

    Object[] struct() {
        return Structs.queryWrite(0, Utf8.of(name), Utf8.of(resource), Utf8.of(source), Utf8.of(method),
                Utf8.of(path), Utf8.of(headers),
                params.stream().map(QueryParam::struct).toArray(Object[][]::new), expect);
    }
}
