// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * An immutable snapshot of one environment. No call on it touches the database or takes a lock;
 * threads may share it; it stays valid whatever becomes of session and store. What is missing is
 * a {@link NotFoundException}, never blank text.
 */
public final class Scope extends Handle {
    Scope(long pointer) {
        super("scope", pointer, Native::scopeUnref);
    }

    // ---- what it is

    /**
     * The environment.
     *
     * @return its key
     */
    public String environment() {
        try (Use use = new Use()) {
            return Errors.text(Native.scopeEnvironment(use.of(this)));
        }
    }

    /**
     * The configuration revision it was opened at.
     *
     * @return the revision
     */
    public long revision() {
        try (Use use = new Use()) {
            return Native.scopeRevision(use.of(this));
        }
    }

    /**
     * Whether the store is known to have changed since; reads one counter. {@link Store#poll}
     * moves it, and so do our own commits.
     *
     * @return true: {@link Session#latest} gives another one
     */
    public boolean isStale() {
        try (Use use = new Use()) {
            return Native.scopeIsStale(use.of(this)) != 0;
        }
    }

    /**
     * The app that is served.
     *
     * @return its name, or ""
     */
    public String app() {
        try (Use use = new Use()) {
            return Errors.text(Native.scopeApp(use.of(this)));
        }
    }

    /**
     * The version that is served.
     *
     * @return its name, or ""
     */
    public String version() {
        try (Use use = new Use()) {
            return Errors.text(Native.scopeVersion(use.of(this)));
        }
    }

    /**
     * The release.
     *
     * @return its tag, or ""
     */
    public String release() {
        try (Use use = new Use()) {
            return Errors.text(Native.scopeRelease(use.of(this)));
        }
    }

    /**
     * The release record.
     *
     * @return its sequence number, or 0
     */
    public long sequence() {
        try (Use use = new Use()) {
            return Native.scopeSequence(use.of(this));
        }
    }

    // ---- variables

    /**
     * How many variables have a value here.
     *
     * @return the number
     */
    public int size() {
        try (Use use = new Use()) {
            return Native.scopeCount(use.of(this));
        }
    }

    /**
     * Names of the variables that have a value here.
     *
     * @return the names, in order
     */
    public List<String> names() {
        try (Use use = new Use()) {
            long scope = use.of(this);
            int count = Native.scopeCount(scope);
            List<String> made = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                made.add(Errors.text(Native.scopeName(scope, i)));
            }
            return made;
        }
    }

    /**
     * A variable's text. Throws NotFoundException, IntegrityException.
     *
     * @param name its name
     * @return a {@link Secret} where it is one
     */
    public Text get(String name) {
        byte[] encoded = Utf8.of(name);
        owner.enter();
        try {
            byte[] made = encoded == null ? null : Shim.get(owner.pointer, encoded);
            if (made != null) {
                return new PlainText(new String(made, StandardCharsets.UTF_8));
            }
            return Values.text(Native.scopeGet(owner.pointer, encoded));
        } finally {
            owner.leave();
        }
    }

    /**
     * A variable's text where it has a value; use {@link #get} where a missing one is a mistake.
     *
     * @param name its name
     * @return empty: it has none here
     */
    public Optional<Text> tryGet(String name) {
        try {
            return Optional.of(get(name));
        } catch (NotFoundException error) {
            return Optional.empty();
        }
    }

    /**
     * Whether a variable has a value here.
     *
     * @param name its name
     * @return true: it has
     */
    public boolean contains(String name) {
        try {
            find(name);
            return true;
        } catch (NotFoundException error) {
            return false;
        }
    }

    /**
     * A variable in the type it has: String (also what a template expands to), Boolean, Long
     * (BigInteger, Double), or the JSON as Map, List and these. Throws NotFoundException.
     *
     * @param name its name
     * @return a {@link Secret} where it is one; null for the JSON null
     */
    public Object value(String name) {
        return Values.natively(type(find(name)).value(), get(name));
    }

    /**
     * A boolean. Throws TextException (TYPE) for any other type, NotFoundException.
     *
     * @param name its name
     * @return the value
     */
    public boolean getBoolean(String name) {
        try (Use use = new Use()) {
            return Native.scopeGetBoolean(use.of(this), Utf8.of(name)) != 0;
        }
    }

    /**
     * A number that is an integer of 64 bits. Throws TextException (TYPE), NotFoundException.
     *
     * @param name its name
     * @return the value
     */
    public long getInteger(String name) {
        try (Use use = new Use()) {
            return Native.scopeGetInteger(use.of(this), Utf8.of(name));
        }
    }

    /**
     * A number. Throws TextException (TYPE; also for an integer no double holds),
     * NotFoundException.
     *
     * @param name its name
     * @return the value
     */
    public double getDouble(String name) {
        try (Use use = new Use()) {
            return Native.scopeGetDouble(use.of(this), Utf8.of(name));
        }
    }

    /**
     * A string, or an expanded template. Throws TextException (TYPE), NotFoundException.
     *
     * @param name its name
     * @return the value
     */
    public Text getString(String name) {
        try (Use use = new Use()) {
            return Values.text(Native.scopeGetString(use.of(this), Utf8.of(name)));
        }
    }

    /**
     * A json variable as compact JSON text. Throws TextException (TYPE), NotFoundException.
     *
     * @param name its name
     * @return the value
     */
    public Text getJson(String name) {
        try (Use use = new Use()) {
            return Values.text(Native.scopeGetJson(use.of(this), Utf8.of(name)));
        }
    }

    /**
     * Interns a name: the index serves the calls below on this scope. Throws NotFoundException.
     *
     * @param name its name
     * @return the index
     */
    public int find(String name) {
        try (Use use = new Use()) {
            return Native.scopeFind(use.of(this), Utf8.of(name));
        }
    }

    private static IndexOutOfBoundsException outside(int index) {
        return new IndexOutOfBoundsException(index);
    }

    /**
     * Name of a variable. Throws IndexOutOfBoundsException.
     *
     * @param index from 0; see {@link #find}
     * @return the name
     */
    public String name(int index) {
        try (Use use = new Use()) {
            byte[] found = Native.scopeName(use.of(this), index);
            if (found == null) {
                throw outside(index);
            }
            return Errors.text(found);
        }
    }

    /**
     * Type of a variable. Throws IndexOutOfBoundsException.
     *
     * @param index from 0; see {@link #find}
     * @return the type
     */
    public Type type(int index) {
        try (Use use = new Use()) {
            int type = Native.scopeType(use.of(this), index);
            if (type == 0) {
                throw outside(index);
            }
            return Type.of(type);
        }
    }

    /**
     * Whether a variable is secret, or composed of a secret.
     *
     * @param index from 0; see {@link #find}
     * @return true: it is
     */
    public boolean isSecret(int index) {
        try (Use use = new Use()) {
            return Native.scopeIsSecret(use.of(this), index) != 0;
        }
    }

    /**
     * Text of a variable that is plain. Throws SecretException, UsageException (no such index).
     *
     * @param index from 0; see {@link #find}
     * @return the text
     */
    public String at(int index) {
        try (Use use = new Use()) {
            return Errors.text(Native.scopeAt(use.of(this), index));
        }
    }

    /**
     * Bytes of a variable, secret or not. Throws UsageException (LIMIT) when they do not fit.
     *
     * @param index from 0; see {@link #find}
     * @param buffer where it goes; yours to wipe
     * @return how many bytes
     */
    public int getInto(int index, byte[] buffer) {
        try (Use use = new Use()) {
            return Shim.getInto(use.of(this), index, Objects.requireNonNull(buffer));
        }
    }

    // ---- templates

    /**
     * Parses and renders in one call; throws what {@link Template#parse(Text, TemplateOptions)}
     * and {@link Template#render(Scope, RenderOptions)} throw.
     *
     * @param source the text
     * @param context how values are written into it
     * @param noSecrets a secret is a SecretException
     * @return a {@link Secret} when any byte came from one
     */
    public Text expand(Text source, Context context, boolean noSecrets) {
        try (Use use = new Use()) {
            return Values.text(Native.scopeExpand(use.of(this), use.bytes(source), context.value(),
                    noSecrets ? Flags.RENDER_NO_SECRETS : 0));
        }
    }

    /**
     * The same of plain text.
     *
     * @param source the text
     * @return a {@link Secret} when any byte came from one
     */
    public Text expand(String source) {
        return expand(Text.of(source), Context.TEXT, false);
    }

    /**
     * Which value, from where, and why, never the value. Throws TextException, NotFoundException.
     *
     * @param source a variable's name, a resource field ("crm.host"), a handle, or a template
     * @return a row for each reference
     */
    public Rows<ExplainRow> explain(String source) {
        try (Use use = new Use()) {
            return new Rows<>(Native.explain(use.of(this), Utf8.of(source)), ExplainRow::from);
        }
    }

    // ---- resources

    /**
     * Resolves a resource, with defaults and templates. Throws NotFoundException (NOT_FOUND,
     * NOT_CONFIGURED, NOT_SET), InvalidNameException (a required FIELD is missing),
     * TextException.
     *
     * @param handle handle of the resource
     * @return the resource
     */
    public Resource resource(String handle) {
        try (Use use = new Use()) {
            return new Resource(Native.scopeResource(use.of(this), Utf8.of(handle)));
        }
    }

    /**
     * Resolves a resource and hands it to a probe, for the length of its call; it throws when it
     * fails. Throws what {@link #resource} throws, and CallbackException from what the probe
     * threw; an EnvresException of the probe travels through.
     *
     * @param handle handle of the resource
     * @param probe called back in this thread
     */
    public void testResource(String handle, Consumer<Resource> probe) {
        long number = Callbacks.know(probe);
        try (Use use = new Use()) {
            Shim.testResource(use.of(this), Utf8.of(handle), number);
        } finally {
            Callbacks.forget(number);
        }
    }

    // ---- the app that is served

    /**
     * Paths of the parts of the version that is served.
     *
     * @return the paths, in order
     */
    public List<String> parts() {
        try (Use use = new Use()) {
            long scope = use.of(this);
            int count = Native.scopePartCount(scope);
            List<String> made = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                made.add(Errors.text(Native.scopePartPath(scope, i)));
            }
            return made;
        }
    }

    /**
     * Whether the part goes to everybody, so that no secret may get into what is made of it.
     *
     * @param path path of the part
     * @return false also where there is none
     */
    public boolean partIsPublic(String path) {
        try (Use use = new Use()) {
            return Native.scopePartIsPublic(use.of(this), Utf8.of(path)) != 0;
        }
    }

    /**
     * Parses and renders a part: as JSON where its path ends in .json, else as text; without
     * secrets where it is public. Throws as {@link #expand(Text, Context, boolean)};
     * NotFoundException (the part), UsageException (the scope serves no app).
     *
     * @param path path of the part
     * @param options see there
     * @return a {@link Secret} when any byte came from one
     */
    public Text renderPart(String path, RenderOptions options) {
        try (Use use = new Use()) {
            return Values.text(Native.scopeRenderPart(use.of(this), Utf8.of(path),
                    options.struct(use)));
        }
    }

    /**
     * The same with parameters.
     *
     * @param path path of the part
     * @param params as {@link Params#of} takes them
     * @return a {@link Secret} when any byte came from one
     */
    public Text renderPart(String path, Map<String, ?> params) {
        try (Params made = Params.of(params)) {
            return renderPart(path, new RenderOptions().params(made));
        }
    }

    /**
     * A part's bytes. Throws NotFoundException, UsageException (the scope serves no app).
     *
     * @param path path of the part
     * @return the bytes
     */
    public byte[] part(String path) {
        try (Use use = new Use()) {
            return Native.scopePart(use.of(this), Utf8.of(path));
        }
    }

    /**
     * A query of the version that is served, at the revision that this version uses. Nothing is
     * looked up: it was read with the scope. Throws NotFoundException (the version does not use
     * it), UsageException (the scope serves no app).
     *
     * @param name of the query
     * @return the query, yours to close
     */
    public Query query(String name) {
        try (Use use = new Use()) {
            return new Query(Native.scopeQuery(use.of(this), Utf8.of(name)));
        }
    }

    @Override
    public String toString() {
        return isClosed() ? "closed Scope" : "Scope of " + environment() + " at revision " + revision();
    }
}
