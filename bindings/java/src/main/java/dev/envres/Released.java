// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.List;

/**
 * What a release or a rollback made.
 *
 * @param release its record
 * @param findings of the check: of a release its warnings; of a rollback whatever it found, which
 * does not stop it
 */
public record Released(ReleaseRow release, List<FindingRow> findings) { }
