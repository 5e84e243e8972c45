// SPDX-License-Identifier: MIT
package dev.envres.openfeature;

import dev.envres.Code;
import dev.envres.EnvresException;
import dev.envres.InvalidNameException;
import dev.envres.NotFoundException;
import dev.envres.Scope;
import dev.envres.Type;
import dev.openfeature.sdk.Reason;
import dev.openfeature.sdk.exceptions.FlagNotFoundError;
import dev.openfeature.sdk.exceptions.GeneralError;
import dev.openfeature.sdk.exceptions.ParseError;
import dev.openfeature.sdk.exceptions.TypeMismatchError;
import java.util.List;
import java.util.Map;

/** A flag as the snapshot has it: its value, or the reason why there is none. Never changed. */
record Flag(Object value, String variant, Reason reason, Map<String, Object> metadata) {
    /** Reads a variable; throws what OpenFeature's clients turn into error codes. */
    static Flag read(Scope scope, String name, String key) {
        Type type;
        Object value;
        try {
            int index = scope.find(name);
            if (scope.isSecret(index)) {
                throw new GeneralError("the variable '" + name + "' is a secret, and no flag");
            }
            type = scope.type(index);
            value = scope.value(name);
        } catch (EnvresException error) {
            if (error.code() == Code.NOT_SET) {
                return new Flag(null, null, Reason.DISABLED, Map.of());
            }
            if (error instanceof NotFoundException || error instanceof InvalidNameException) {
                throw new FlagNotFoundError("there is no flag '" + key + "'", error);
            }
            throw new GeneralError(error.getMessage(), error);
        }
        if (type != Type.JSON) {
            return new Flag(value, null, null, Map.of());
        }
        if (value instanceof Map<?, ?> map && map.get("variants") instanceof Map<?, ?> variants) {
            return definition(map, variants, key);
        }
        if (!(value instanceof Map<?, ?>) && !(value instanceof List<?>)) {
            throw new TypeMismatchError("the flag '" + key + "' is neither object nor array");
        }
        return new Flag(value, null, null, Map.of());
    }

    private static boolean isMetadata(Object value) {
        return value instanceof Map<?, ?> map && map.values().stream().allMatch(one ->
                one instanceof Boolean || one instanceof Number || one instanceof String);
    }

    /** A flag in the form that flagd defines. */
    private static Flag definition(Map<?, ?> map, Map<?, ?> variants, String key) {
        Object given = map.get("metadata") == null ? Map.of() : map.get("metadata");
        Object state = map.containsKey("state") ? map.get("state") : "ENABLED";
        Object variant = map.get("defaultVariant");
        boolean known = isMetadata(given) && ("ENABLED".equals(state) || "DISABLED".equals(state))
                && (variant == null || variant instanceof String);
        if (!known) {
            throw new ParseError("the definition of the flag '" + key + "' is broken");
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> metadata = (Map<String, Object>) given;
        if ("DISABLED".equals(state) || variant == null) {
            return new Flag(null, null, "DISABLED".equals(state) ? Reason.DISABLED : Reason.DEFAULT,
                    metadata);
        }
        if (!variants.containsKey(variant)) {
            throw new ParseError("the flag '" + key + "' has no variant of the name that is its default");
        }
        return new Flag(variants.get(variant), (String) variant, null, metadata);
    }
}
