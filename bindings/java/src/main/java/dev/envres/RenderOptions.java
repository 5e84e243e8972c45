// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.Map;

/** How something is rendered. Each method sets something and gives the same object back. */
public final class RenderOptions {
    private Params params;
    private boolean noSecrets;
    private long outputMax;

    /** What is usual. */
    public RenderOptions() { }

    /**
     * The parameters.
     *
     * @param params made before, yours to close
     * @return this
     */
    public RenderOptions params(Params params) {
        this.params = params;
        return this;
    }

    /**
     * The parameters.
     *
     * @param values as {@link Params#of} takes them
     * @return this
     */
    public RenderOptions params(Map<String, ?> values) {
        return params(Params.of(values));
    }

    /**
     * The text goes where secrets must not: a secret is a SecretException.
     *
     * @return this
     */
    public RenderOptions noSecrets() {
        noSecrets = true;
        return this;
    }

    /**
     * The largest output.
     *
     * @param bytes 0: 64 MiB
     * @return this
     */
    public RenderOptions outputMax(long bytes) {
        outputMax = bytes;
        return this;
    }

    Object[] struct(Use use) {
        return Structs.renderOptions(noSecrets ? Flags.RENDER_NO_SECRETS : 0, use.ofNullable(params),
                outputMax);
    }

    int flags() {
        return noSecrets ? Flags.RENDER_NO_SECRETS : 0;
    }
}
