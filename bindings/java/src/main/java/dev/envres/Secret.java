// SPDX-License-Identifier: MIT
package dev.envres;

import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Secret bytes in an array of their own, which is wiped by {@link #close} and some time after it
 * has become unreachable. {@code toString()} gives {@code ***}; it is not serializable; {@code
 * equals} takes the same time wherever two differ.
 *
 * <p>The array lies in Java's heap: a garbage collection may have copied it before it was wiped.
 * What {@link #reveal} returns, nobody can wipe: prefer {@link #use}, or {@link #revealBytes}.
 */
public final class Secret implements Text, AutoCloseable {
    private static final String REDACTED = "***";

    /** The bytes, until they are wiped. */
    static final class Bytes extends Owner {
        final byte[] bytes;

        Bytes(byte[] bytes) {
            super("secret", 0, null);
            this.bytes = bytes;
        }

        @Override
        void release() {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /**
     * A range of bytes.
     *
     * @param start the first
     * @param end the one behind the last
     */
    public record Range(int start, int end) { }

    private final Bytes owner;
    private final Cleaner.Cleanable cleanable;
    private final List<Range> ranges;

    /** The array is the secret's from now on. */
    Secret(byte[] bytes, List<Range> ranges) {
        owner = new Bytes(bytes);
        this.ranges = ranges.isEmpty() ? List.of(new Range(0, bytes.length)) : ranges;
        cleanable = Handle.CLEANER.register(this, owner);
    }

    /**
     * A secret of a String, which stays where Java keeps it.
     *
     * @param text is taken as UTF-8
     * @return a secret
     */
    public static Secret of(String text) {
        return new Secret(Utf8.of(text), List.of());
    }

    /**
     * A secret of bytes.
     *
     * @param bytes are copied; yours to wipe
     * @return a secret
     */
    public static Secret of(byte[] bytes) {
        return new Secret(bytes.clone(), List.of());
    }

    /**
     * A secret of characters.
     *
     * @param chars are taken as UTF-8; yours to wipe
     * @return a secret
     */
    public static Secret of(char[] chars) {
        ByteBuffer made = ByteBuffer.allocate(Math.multiplyExact(chars.length, 3));
        try {
            var encoder = StandardCharsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPORT);
            boolean whole = encoder.encode(CharBuffer.wrap(chars), made, true).isUnderflow();
            if (!whole) {
                throw new TextException(Code.UTF8, "half a surrogate pair",
                        "characters that UTF-8 cannot say", "");
            }
            return new Secret(Arrays.copyOf(made.array(), made.position()), List.of());
        } finally {
            Arrays.fill(made.array(), (byte) 0);
        }
    }

    Bytes owner() {
        return owner;
    }

    /**
     * Runs something with the bytes themselves, read-only, and of use only until it returns. They
     * are wiped after that at the earliest.
     *
     * @param <R> what it gives
     * @param work what to do with them
     * @return what it gave
     */
    public <R> R use(Function<ByteBuffer, R> work) {
        owner.enter();
        try {
            return work.apply(ByteBuffer.wrap(owner.bytes).asReadOnlyBuffer());
        } finally {
            owner.leave();
        }
    }

    @Override
    public boolean isSecret() {
        return true;
    }

    /**
     * The text. Bytes that are no UTF-8 are a {@link TextException}.
     *
     * @return an ordinary String
     */
    @Override
    public String reveal() {
        return use(bytes -> {
            try {
                return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
            } catch (CharacterCodingException error) {
                throw new TextException(Code.UTF8, "the secret is no text",
                        "take its bytes: revealBytes()", "");
            }
        });
    }

    @Override
    public String plain() {
        throw new SecretException(Code.SECRET_SINK, "the text holds a secret",
                "reveal() gives it all the same", "");
    }

    /**
     * A copy of the bytes.
     *
     * @return an array that is yours to wipe
     */
    public byte[] revealBytes() {
        owner.enter();
        try {
            return owner.bytes.clone();
        } finally {
            owner.leave();
        }
    }

    /**
     * The byte ranges that are secret, in order; the whole where nothing else is known.
     *
     * @return at least one
     */
    public List<Range> ranges() {
        return ranges;
    }

    /**
     * The text as it may be shown: each secret range replaced, all else as it is.
     *
     * @param replacement what stands in its place
     * @return a plain text
     */
    public String redacted(String replacement) {
        owner.enter();
        try {
            StringBuilder out = new StringBuilder();
            int at = 0;
            for (Range range : ranges) {
                out.append(new String(owner.bytes, at, range.start - at, StandardCharsets.UTF_8));
                out.append(replacement);
                at = range.end;
            }
            return out.append(new String(owner.bytes, at, owner.bytes.length - at,
                    StandardCharsets.UTF_8)).toString();
        } finally {
            owner.leave();
        }
    }

    /**
     * Wipes. Using the secret afterwards is a {@link ClosedException}; closing again does
     * nothing.
     */
    @Override
    public void close() {
        cleanable.clean();
    }

    /**
     * Whether it was wiped.
     *
     * @return true: using it is a {@link ClosedException}
     */
    public boolean isClosed() {
        return owner.closed();
    }

    @Override
    public String toString() {
        return REDACTED;
    }

    @Override
    public boolean equals(Object other) {
        if (this == other) {
            return true;
        }
        if (!(other instanceof Secret secret)) {
            return false;
        }
        owner.enter();
        try {
            secret.owner.enter();
            try {
                return MessageDigest.isEqual(owner.bytes, secret.owner.bytes);
            } finally {
                secret.owner.leave();
            }
        } finally {
            owner.leave();
        }
    }

    /**
     * One number for all: a hash of a secret says something about it.
     *
     * @return a constant
     */
    @Override
    public int hashCode() {
        return Secret.class.hashCode();
    }
}
