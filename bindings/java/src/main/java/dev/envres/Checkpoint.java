// SPDX-License-Identifier: MIT
package dev.envres;

import java.time.Instant;

/**
 * A signed statement of how far the audit is.
 *
 * @param workspace 16 bytes
 * @param signer id of the principal that was unlocked, 16 bytes
 * @param signKey its public Ed25519 key, 32 bytes
 * @param sequence of the entry
 * @param time when
 * @param policyVersion of the workspace
 * @param hash of the entry with that sequence, 32 bytes
 * @param signature 64 bytes
 */
public record Checkpoint(byte[] workspace, byte[] signer, byte[] signKey, long sequence, Instant time,
        long policyVersion, byte[] hash, byte[] signature) { }
