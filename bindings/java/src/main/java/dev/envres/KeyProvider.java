// SPDX-License-Identifier: MIT
package dev.envres;

/**
 * Wraps keys outside of the store: a KMS, a TPM. Called in the thread of the call that needs it,
 * with no lock held. What it throws is the cause of that call's exception.
 */
public interface KeyProvider {
    /**
     * Protects a key.
     *
     * @param principal 16 bytes
     * @param key 32 bytes, wiped after return
     * @param aad binds what is wrapped to its place
     * @return at most 4096 bytes
     */
    byte[] wrap(byte[] principal, byte[] key, byte[] aad);

    /**
     * The reverse.
     *
     * @param principal 16 bytes
     * @param blob what wrap() gave
     * @param aad as it was given to wrap()
     * @return exactly 32 bytes; the array is wiped
     */
    byte[] unwrap(byte[] principal, byte[] blob, byte[] aad);
}
