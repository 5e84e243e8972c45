// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.Objects;

/**
 * What unlocks a principal: a passphrase, a raw key, or a provider of keys. Immutable; each
 * method that changes something gives another one. It is of use as long as the {@link Secret}
 * that it was made of.
 */
public final class Credential {
    private final int kind;
    private final Text secret;
    private final KeyProvider provider;
    private final String principal;
    private final long passes;
    private final long memory;
    private final byte[] root;

    private Credential(int kind, Text secret, KeyProvider provider, String principal, long passes,
            long memory, byte[] root) {
        this.kind = kind;
        this.secret = secret;
        this.provider = provider;
        this.principal = principal;
        this.passes = passes;
        this.memory = memory;
        this.root = root;
    }

    /**
     * A passphrase.
     *
     * @param secret 1 byte to 1 MiB, any bytes; yours to close
     * @return a credential
     */
    public static Credential passphrase(Secret secret) {
        return new Credential(Flags.CREDENTIAL_PASSPHRASE, Objects.requireNonNull(secret), null, null, 0,
                0, null);
    }

    /**
     * A raw key.
     *
     * @param key exactly 32 bytes, not all zero: {@link Envres#generateKey}; yours to close
     * @return a credential
     */
    public static Credential rawKey(Secret key) {
        return new Credential(Flags.CREDENTIAL_RAW_KEY, Objects.requireNonNull(key), null, null, 0, 0,
                null);
    }

    /**
     * Keys that are wrapped elsewhere.
     *
     * @param provider called back during the calls that are given this
     * @return a credential
     */
    public static Credential provider(KeyProvider provider) {
        return new Credential(Flags.CREDENTIAL_PROVIDER, null, Objects.requireNonNull(provider), null, 0,
                0, null);
    }

    /**
     * Whose it is; otherwise the slots of all are tried in order.
     *
     * @param name of the principal
     * @return another credential
     */
    public Credential withPrincipal(String name) {
        return new Credential(kind, secret, provider, name, passes, memory, root);
    }

    /**
     * The cost of Argon2id when a slot is made of a passphrase; ignored when one is opened.
     *
     * @param passes how many; 0: 3
     * @param memory in bytes; 0: 256 MiB
     * @return another credential
     */
    public Credential withCost(long passes, long memory) {
        return new Credential(kind, secret, provider, principal, passes, memory, root);
    }

    /**
     * The public root key that the workspace must have ({@link Session#rootKey}); otherwise the
     * one in the file is believed.
     *
     * @param root 32 bytes
     * @return another credential
     */
    public Credential withRoot(byte[] root) {
        return new Credential(kind, secret, provider, principal, passes, memory,
                Utf8.exactly(root.clone(), 32, "root"));
    }

    /** An envres_credential, and what knows its provider for the length of a call. */
    final class Given implements AutoCloseable {
        final Object[] struct;
        private final long number;

        Given(Use use) {
            byte[] name = Utf8.of(principal);
            byte[] bytes = use.bytes(secret);
            number = provider == null ? 0 : Callbacks.know(provider);
            struct = Structs.credential(kind, name, bytes, passes, memory, number, number, number, root);
        }

        @Override
        public void close() {
            if (number != 0) {
                Callbacks.forget(number);
            }
        }
    }

    Given given(Use use) {
        return new Given(use);
    }

    @Override
    public String toString() {
        return "Credential(***)";
    }
}
