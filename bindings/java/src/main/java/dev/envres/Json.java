// SPDX-License-Identifier: MIT
package dev.envres;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON to and from Java's own: Map, List, String, Long (or BigInteger), Double, Boolean, null. */
final class Json {
    private static final int DEPTH = 512;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        Json json = new Json(text);
        Object found = json.value();
        json.space();
        if (json.at != text.length()) {
            throw json.wrong();
        }
        return found;
    }

    private TextException wrong() {
        return new TextException(Code.JSON, "no JSON at character " + at, "", "");
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        space();
        if (at >= text.length()) {
            throw wrong();
        }
        return text.charAt(at);
    }

    private void expect(String word) {
        if (!text.startsWith(word, at)) {
            throw wrong();
        }
        at += word.length();
    }

    private Object value() {
        switch (peek()) {
        case '{':
            return object();
        case '[':
            return array();
        case '"':
            return string();
        case 't':
            expect("true");
            return true;
        case 'f':
            expect("false");
            return false;
        case 'n':
            expect("null");
            return null;
        default:
            return number();
        }
    }

    private void enter() {
        at++;
        if (++depth > DEPTH) {
            throw wrong();
        }
    }

    /** After a member: true when another one follows. */
    private boolean more(char end) {
        char one = peek();
        at++;
        if (one == end) {
            depth--;
            return false;
        }
        if (one != ',') {
            throw wrong();
        }
        return true;
    }

    private boolean empty(char end) {
        if (peek() != end) {
            return false;
        }
        at++;
        depth--;
        return true;
    }

    private Map<String, Object> object() {
        Map<String, Object> made = new LinkedHashMap<>();
        enter();
        if (empty('}')) {
            return made;
        }
        do {
            if (peek() != '"') {
                throw wrong();
            }
            String name = string();
            peek();
            expect(":");
            made.put(name, value());
        } while (more('}'));
        return made;
    }

    private List<Object> array() {
        List<Object> made = new ArrayList<>();
        enter();
        if (empty(']')) {
            return made;
        }
        do {
            made.add(value());
        } while (more(']'));
        return made;
    }

    private String string() {
        StringBuilder made = new StringBuilder();
        at++;
        while (at < text.length()) {
            char one = text.charAt(at++);
            if (one == '"') {
                return made.toString();
            }
            made.append(one == '\\' ? escaped() : one);
        }
        throw wrong();
    }

    private char escaped() {
        if (at >= text.length()) {
            throw wrong();
        }
        char one = text.charAt(at++);
        if (one == 'u') {
            if (at + 4 > text.length()) {
                throw wrong();
            }
            at += 4;
            try {
                return (char) Integer.parseInt(text.substring(at - 4, at), 16);
            } catch (NumberFormatException error) {
                throw wrong();
            }
        }
        int place = "\"\\/bfnrt".indexOf(one);
        if (place < 0) {
            throw wrong();
        }
        return "\"\\/\b\f\n\r\t".charAt(place);
    }

    private Object number() {
        int start = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String found = text.substring(start, at);
        try {
            if (found.matches("-?[0-9]+")) {
                BigInteger whole = new BigInteger(found);
                return whole.bitLength() < Long.SIZE ? (Object) whole.longValue() : whole;
            }
            return Double.valueOf(found);
        } catch (NumberFormatException error) {
            throw wrong();
        }
    }

    /** Numbers, Booleans, Strings, null, Maps with String keys, Iterables of these. */
    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out, 0);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out, int depth) {
        if (depth > DEPTH) {
            throw Errors.usage("a parameter that is nested too deep");
        }
        String separator = "";
        if (value == null || value instanceof Boolean || value instanceof Number) {
            out.append(value);
        } else if (value instanceof String text) {
            quote(text, out);
        } else if (value instanceof Map<?, ?> map) {
            out.append('{');
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                out.append(separator);
                quote((String) entry.getKey(), out);
                write(entry.getValue(), out.append(':'), depth + 1);
                separator = ",";
            }
            out.append('}');
        } else if (value instanceof Iterable<?> many) {
            out.append('[');
            for (Object one : many) {
                write(one, out.append(separator), depth + 1);
                separator = ",";
            }
            out.append(']');
        } else {
            throw Errors.usage("a parameter of class " + value.getClass().getName());
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char one = text.charAt(i);
            if (one == '"' || one == '\\') {
                out.append('\\').append(one);
            } else if (one < ' ') {
                out.append(String.format("\\u%04x", (int) one));
            } else {
                out.append(one);
            }
        }
        out.append('"');
    }
}
