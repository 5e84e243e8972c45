// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.List;

/**
 * What {@link Audit#verify} found.
 *
 * @param firstBad sequence of the first entry that is wrong or missing; 0: there is none
 * @param findings what is wrong; none: all is well
 */
public record Verified(long firstBad, List<VerifyRow> findings) { }
