// SPDX-License-Identifier: MIT
/**
 * Environments, variables, sealed secrets, templates, resource handles and releases.
 *
 * <p>The binding of libenvres, over its installed headers, whose comments are the contract: {@code
 * session.variables().put()} is {@code envres_variable_put()}. Begin with {@link dev.envres.Store}.
 */
package dev.envres;
