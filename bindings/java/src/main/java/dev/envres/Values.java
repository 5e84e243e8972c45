// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A value as the shim gives it: secret or not, type, secret ranges, bytes. */
final class Values {
    private static final int HEAD = 9;

    private Values() { }

    static Text text(byte[] made) {
        return made == null ? null : typed(made).text;
    }

    /** A value with its type. */
    record Typed(int type, Text text) { }

    static Typed typed(byte[] made) {
        ByteBuffer in = ByteBuffer.wrap(made);
        boolean secret = in.get() != 0;
        int type = in.getInt();
        int count = in.getInt();
        if (!secret) {
            return new Typed(type, new PlainText(new String(made, HEAD, made.length - HEAD,
                    StandardCharsets.UTF_8)));
        }
        List<Secret.Range> ranges = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            ranges.add(new Secret.Range(in.getInt(), in.getInt()));
        }
        byte[] bytes = Arrays.copyOfRange(made, in.position(), made.length);
        Arrays.fill(made, (byte) 0);
        return new Typed(type, new Secret(bytes, List.copyOf(ranges)));
    }

    /** The bytes of a value that is not secret. */
    static byte[] bytes(byte[] made) {
        return Arrays.copyOfRange(made, HEAD, made.length);
    }

    /** A value in the type that it has; a secret stays one. */
    static Object natively(int type, Text text) {
        if (text instanceof Secret) {
            return text;
        }
        if (type == Type.BOOLEAN.value()) {
            return text.reveal().equals("true");
        }
        boolean parsed = type == Type.NUMBER.value() || type == Type.JSON.value();
        return parsed ? Json.parse(text.reveal()) : text.reveal();
    }
}
