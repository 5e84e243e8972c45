// SPDX-License-Identifier: MIT
package dev.envres.openfeature;

import dev.envres.ClosedException;
import dev.envres.DeniedException;
import dev.envres.EnvresException;
import dev.envres.IntegrityException;
import dev.envres.InvalidNameException;
import dev.envres.NotFoundException;
import dev.envres.Scope;
import dev.envres.ScopeOptions;
import dev.envres.Session;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.EventProvider;
import dev.openfeature.sdk.ImmutableMetadata;
import dev.openfeature.sdk.Metadata;
import dev.openfeature.sdk.ProviderEvaluation;
import dev.openfeature.sdk.ProviderEventDetails;
import dev.openfeature.sdk.Reason;
import dev.openfeature.sdk.Value;
import dev.openfeature.sdk.exceptions.FatalError;
import dev.openfeature.sdk.exceptions.GeneralError;
import dev.openfeature.sdk.exceptions.ProviderNotReadyError;
import dev.openfeature.sdk.exceptions.TypeMismatchError;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Variables of one environment as flags. Any thread.
 *
 * <p><b>Flags.</b> The key of a flag is the name of a variable; {@code -} and {@code .} stand for
 * {@code _}, which no name can hold. boolean, string (template too), number and json variables
 * are flags of type boolean, string, integer or double, and object. A json variable in the form
 * that flagd defines ({@code {"state": "ENABLED", "variants": {...}, "defaultVariant": "on",
 * "metadata": {...}}}) is a flag of the type of its variant, with that variant's name.
 *
 * <p><b>The environment is fixed</b> when the provider is made. The evaluation context chooses
 * nothing: there is no targeting, and a {@code targeting} member is ignored.
 *
 * <p><b>Reasons.</b> STATIC: the value was read from the snapshot; CACHED: again; DISABLED: the
 * variable is known and not set in this environment, or its state is DISABLED; DEFAULT: it has no
 * default variant. DISABLED and DEFAULT give the caller's default.
 *
 * <p><b>Errors</b> (with the caller's default): FLAG_NOT_FOUND; TYPE_MISMATCH; PARSE_ERROR for a
 * flag of that form that is broken; GENERAL for a secret, which is never a flag, and for a value
 * that cannot be read.
 *
 * <p><b>Metadata.</b> {@code environment}, {@code revision} (of the configuration), and where an
 * app is served {@code app}, {@code version}, {@code release}; then what the flag itself has.
 *
 * <p><b>Events.</b> {@link #poll} looks whether the store changed, and does so from time to time
 * in a thread of its own where that is wanted: CONFIGURATION_CHANGED with the keys of the flags
 * that differ, STALE while the store cannot be read (the last snapshot serves on), READY when it
 * can again.
 */
public class EnvresProvider extends EventProvider {
    /** A scope, and the flags that were read from it. */
    private static final class Snapshot {
        private final Scope scope;
        private final Map<String, Flag> flags = new ConcurrentHashMap<>();
        private final Map<String, Object> about = new LinkedHashMap<>();

        Snapshot(Scope scope) {
            this.scope = scope;
            about.put("environment", scope.environment());
            about.put("revision", scope.revision());
            if (!scope.app().isEmpty()) {
                about.put("app", scope.app());
                about.put("version", scope.version());
                about.put("release", scope.release());
            }
        }
    }

    private final Session session;
    private final String environment;
    private final ScopeOptions options;
    private final Duration every;
    private final Function<String, String> names;
    private final Object polling = new Object();
    private volatile Snapshot snapshot;
    private boolean stale;
    private ScheduledExecutorService thread;

    /**
     * A provider that looks for changes when {@link #poll} is called.
     *
     * @param session stays the host's: it closes it after OpenFeatureAPI.shutdown()
     * @param environment its key
     */
    public EnvresProvider(Session session, String environment) {
        this(session, environment, null, Duration.ZERO, EnvresProvider::underscored);
    }

    /**
     * A provider.
     *
     * @param session stays the host's: it closes it after OpenFeatureAPI.shutdown()
     * @param environment its key
     * @param app flags are read as the live release of this app sees them (a release that pins
     * its configuration pins its flags); null: without an app
     * @param every how often to look for changes; zero: when {@link #poll} is called
     * @param names gives the name of the variable for a flag's key
     */
    public EnvresProvider(Session session, String environment, String app, Duration every,
            Function<String, String> names) {
        this.session = Objects.requireNonNull(session);
        this.environment = Objects.requireNonNull(environment);
        this.every = every;
        this.names = Objects.requireNonNull(names);
        options = new ScopeOptions().app(app);
    }

    /**
     * The name of the variable for a flag's key.
     *
     * @param key of the flag
     * @return a name
     */
    public static String underscored(String key) {
        return key.replace('-', '_').replace('.', '_');
    }

    // ---- life

    @Override
    public Metadata getMetadata() {
        return () -> "envres";
    }

    /**
     * Opens the snapshot. A FatalError for what waiting does not mend: no such environment, no
     * key for it, damage; any other failure leaves the provider in ERROR until {@link #poll}
     * succeeds.
     *
     * @param context chooses nothing
     */
    @Override
    public void initialize(EvaluationContext context) {
        /* Held until the thread is there, so that shutdown() finds it. */
        synchronized (polling) {
            open();
        }
    }

    private void open() {
        try {
            snapshot = new Snapshot(session.scope(environment, options));
        } catch (NotFoundException | DeniedException | IntegrityException | ClosedException
                | InvalidNameException error) {
            throw new FatalError(error.getMessage(), error);
        } catch (EnvresException error) {
            throw new GeneralError(error.getMessage(), error);
        } finally {
            start();
        }
    }

    private void start() {
        synchronized (polling) {
            if (every.isZero() || thread != null) {
                return;
            }
            thread = Executors.newSingleThreadScheduledExecutor(work -> {
                Thread made = new Thread(work, "envres-poll");
                made.setDaemon(true);
                return made;
            });
            thread.scheduleWithFixedDelay(this::poll, every.toNanos(), every.toNanos(),
                    TimeUnit.NANOSECONDS);
        }
    }

    /** Ends the thread and lets go of the snapshot. The session stays open. */
    @Override
    public void shutdown() {
        synchronized (polling) {
            if (thread != null) {
                thread.shutdownNow();
                thread = null;
            }
            snapshot = null;
        }
        super.shutdown();
    }

    /**
     * Looks whether the store changed, and emits events. Never throws an EnvresException: a store
     * that cannot be read is an event.
     *
     * @return true: a new snapshot serves
     */
    public boolean poll() {
        synchronized (polling) {
            Snapshot old = snapshot;
            Snapshot made;
            try {
                made = newer(old);
            } catch (EnvresException error) {
                if (!stale && old != null) {
                    stale = true;
                    emitProviderStale(ProviderEventDetails.builder().message(error.getMessage()).build());
                }
                return false;
            }
            if (stale || old == null) {
                stale = false;
                emitProviderReady(ProviderEventDetails.builder().build());
            }
            if (made == old) {
                return false;
            }
            snapshot = made;
            if (old != null) {
                tell(old, made);
            }
            return true;
        }
    }

    private Snapshot newer(Snapshot old) {
        if (old == null) {
            return new Snapshot(session.scope(environment, options));
        }
        // The old scope is not closed here: evaluations that are running may use it.
        Scope scope = session.latest(old.scope);
        return scope == old.scope ? old : new Snapshot(scope);
    }

    private void tell(Snapshot old, Snapshot made) {
        TreeSet<String> all = new TreeSet<>(old.scope.names());
        all.addAll(made.scope.names());
        List<String> changed = all.stream().filter(name ->
                !Objects.equals(plain(old.scope, name), plain(made.scope, name))).toList();
        emitProviderConfigurationChanged(ProviderEventDetails.builder().flagsChanged(changed)
                .eventMetadata(metadata(made.about, Map.of())).build());
    }

    /** What a flag of this name gives, to be compared; a secret gives nothing. */
    private static List<Object> plain(Scope scope, String name) {
        try {
            int index = scope.find(name);
            return scope.isSecret(index) ? List.of() : List.of(scope.type(index), scope.at(index));
        } catch (EnvresException error) {
            return List.of();
        }
    }

    // ---- flags

    @Override
    public ProviderEvaluation<Boolean> getBooleanEvaluation(String key, Boolean standard,
            EvaluationContext context) {
        return resolve(key, standard, value -> value instanceof Boolean found ? found : null);
    }

    @Override
    public ProviderEvaluation<String> getStringEvaluation(String key, String standard,
            EvaluationContext context) {
        return resolve(key, standard, value -> value instanceof String found ? found : null);
    }

    @Override
    public ProviderEvaluation<Integer> getIntegerEvaluation(String key, Integer standard,
            EvaluationContext context) {
        return resolve(key, standard, value -> value instanceof Long found
                && found.intValue() == found ? found.intValue() : null);
    }

    @Override
    public ProviderEvaluation<Double> getDoubleEvaluation(String key, Double standard,
            EvaluationContext context) {
        return resolve(key, standard, EnvresProvider::exact);
    }

    @Override
    public ProviderEvaluation<Value> getObjectEvaluation(String key, Value standard,
            EvaluationContext context) {
        return resolve(key, standard, value -> value instanceof Map<?, ?> || value instanceof List<?>
                ? Value.objectToValue(plainNumbers(value)) : null);
    }

    /** A number; an integer that a double holds exactly is one too. */
    private static Double exact(Object value) {
        if (value instanceof Double found) {
            return Double.isFinite(found) ? found : null;
        }
        if (!(value instanceof Long) && !(value instanceof BigInteger)) {
            return null;
        }
        double near = ((Number) value).doubleValue();
        boolean same = Double.isFinite(near) && new java.math.BigDecimal(near).compareTo(
                new java.math.BigDecimal(value.toString())) == 0;
        return same ? near : null;
    }

    /** A copy whose numbers are those that OpenFeature knows. */
    private static Object plainNumbers(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> made = new LinkedHashMap<>();
            map.forEach((name, one) -> made.put((String) name, plainNumbers(one)));
            return made;
        }
        if (value instanceof List<?> list) {
            List<Object> made = new ArrayList<>();
            list.forEach(one -> made.add(plainNumbers(one)));
            return made;
        }
        if (value instanceof Long number && number.intValue() == number) {
            return number.intValue();
        }
        return value instanceof Number number ? (Object) number.doubleValue() : value;
    }

    private <T> ProviderEvaluation<T> resolve(String key, T standard, Function<Object, T> fits) {
        Snapshot now = snapshot;
        if (now == null) {
            throw new ProviderNotReadyError("the provider has no snapshot");
        }
        Flag flag = now.flags.get(key);
        Reason reason = flag == null ? Reason.STATIC : Reason.CACHED;
        if (flag == null) {
            flag = Flag.read(now.scope, names.apply(key), key);
            if (flag.reason() == null) {
                now.flags.put(key, flag);
            }
        }
        var made = ProviderEvaluation.<T>builder().flagMetadata(metadata(now.about, flag.metadata()));
        if (flag.reason() != null) {
            return made.value(standard).reason(flag.reason().name()).build();
        }
        T value = fits.apply(flag.value());
        if (value == null) {
            throw new TypeMismatchError("the flag '" + key + "' has another type");
        }
        return made.value(value).variant(flag.variant()).reason(reason.name()).build();
    }

    private static ImmutableMetadata metadata(Map<String, Object> about, Map<String, Object> more) {
        Map<String, Object> all = new LinkedHashMap<>(about);
        all.putAll(more);
        var made = ImmutableMetadata.builder();
        all.forEach((name, value) -> {
            if (value instanceof String text) {
                made.addString(name, text);
            } else if (value instanceof Boolean yes) {
                made.addBoolean(name, yes);
            } else if (value instanceof Long number && number.intValue() == number
                    && !name.equals("revision")) {
                made.addInteger(name, number.intValue());
            } else if (value instanceof Long number) {
                made.addLong(name, number);
            } else {
                made.addDouble(name, ((Number) value).doubleValue());
            }
        });
        return made.build();
    }
}
