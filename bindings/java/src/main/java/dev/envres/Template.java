// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Text with {@code << ... >>} tags, parsed once, rendered against any scope. Immutable; threads
 * may share it.
 */
public final class Template extends Handle {
    private Template(long pointer) {
        super("template", pointer, Native::templateUnref);
    }

    /**
     * Parses; the whole text is checked, nothing is resolved. Throws TextException with the
     * position, UsageException (LIMIT: 16 MiB).
     *
     * @param source the text
     * @param options see there
     * @return the template
     */
    public static Template parse(Text source, TemplateOptions options) {
        try (Use use = new Use()) {
            return new Template(Native.templateParse(use.bytes(source), options.struct()));
        }
    }

    /**
     * Parses a text for some context. Throws as the first.
     *
     * @param source the text
     * @param context how values are written into it
     * @return the template
     */
    public static Template parse(String source, Context context) {
        return parse(Text.of(source), new TemplateOptions().context(context));
    }

    /**
     * Parses plain text. Throws as the first.
     *
     * @param source the text
     * @return the template
     */
    public static Template parse(String source) {
        return parse(source, Context.TEXT);
    }

    /**
     * Parses SQL, with placeholders as its driver has them. Throws as the first.
     *
     * @param source the SQL
     * @param dialect whose SQL it is
     * @return the template, for {@link #prepare}
     */
    public static Template sql(String source, Dialect dialect) {
        return parse(Text.of(source), new TemplateOptions().context(Context.SQL).dialect(dialect));
    }

    /**
     * Renders. Throws NotFoundException, TextException, UsageException (LIMIT),
     * IntegrityException, each with the tag's position.
     *
     * @param scope what it is rendered against
     * @return a {@link Secret} when any byte came from one
     */
    public Text render(Scope scope) {
        // The common case is one native call. It forbids secrets; where there is one, and for what is
        // long or fails, the ordinary one is made.
        Owner mine = owner;
        Owner other = scope.owner;
        mine.enter();
        try {
            other.enter();
            try {
                byte[] made = Shim.render(mine.pointer, other.pointer);
                if (made != null) {
                    return new PlainText(new String(made, StandardCharsets.UTF_8));
                }
                return Values.text(Native.templateRender(mine.pointer, other.pointer, null));
            } finally {
                other.leave();
            }
        } finally {
            mine.leave();
        }
    }

    /**
     * Renders with options. Throws as the other; SecretException.
     *
     * @param scope what it is rendered against
     * @param options see there
     * @return a {@link Secret} when any byte came from one
     */
    public Text render(Scope scope, RenderOptions options) {
        try (Use use = new Use()) {
            return Values.text(Native.templateRender(use.of(this), use.of(scope), options.struct(use)));
        }
    }

    /**
     * Renders with parameters. Throws as the other.
     *
     * @param scope what it is rendered against
     * @param params as {@link Params#of} takes them
     * @return a {@link Secret} when any byte came from one
     */
    public Text render(Scope scope, Map<String, ?> params) {
        try (Params made = Params.of(params)) {
            return render(scope, new RenderOptions().params(made));
        }
    }

    /**
     * Renders many templates against one scope, with one native call for as many as fit into 64
     * KiB and hold no secret, a thousand at most. Throws as {@link #render(Scope)}, for the first that fails.
     *
     * @param templates in order
     * @param scope what it is rendered against
     * @return one text for each
     */
    public static List<Text> renderMany(List<Template> templates, Scope scope) {
        try (Use use = new Use()) {
            long there = use.of(scope);
            long[] pointers = new long[templates.size()];
            int at = 0;
            for (Template one : templates) {
                pointers[at++] = use.of(one);
            }
            List<Text> found = new ArrayList<>(pointers.length);
            int[] ends = new int[pointers.length + 1];
            while (found.size() < pointers.length) {
                int first = found.size();
                byte[] made = Shim.renderMany(pointers, first, there, ends);
                int done = made == null ? 0 : ends[0];
                int start = 0;
                for (int i = 1; i <= done; i++) {
                    found.add(new PlainText(new String(made, start, ends[i] - start,
                            StandardCharsets.UTF_8)));
                    start = ends[i];
                }
                if (done == 0) {
                    found.add(Values.text(Native.templateRender(pointers[first], there, null)));
                }
            }
            return found;
        }
    }

    /**
     * Renders into an array. Throws as {@link #render(Scope, RenderOptions)}; UsageException
     * (LIMIT) when it does not fit.
     *
     * @param scope what it is rendered against
     * @param options see there
     * @param buffer where it goes; yours to wipe
     * @return how many bytes
     */
    public int renderInto(Scope scope, RenderOptions options, byte[] buffer) {
        try (Use use = new Use()) {
            return Shim.renderInto(use.of(this), use.of(scope), options.struct(use),
                    Objects.requireNonNull(buffer));
        }
    }

    /**
     * Resolves every reference once: what is left for rendering is copying. Throws as {@link
     * #render(Scope, RenderOptions)}.
     *
     * @param scope what it is rendered against
     * @param options see there
     * @return a template of this scope only
     */
    public Bound bind(Scope scope, RenderOptions options) {
        try (Use use = new Use()) {
            return new Bound(Native.templateBind(use.of(this), use.of(scope), options.struct(use)));
        }
    }

    /**
     * Binds with what is usual. Throws as the other.
     *
     * @param scope what it is rendered against
     * @return a template of this scope only
     */
    public Bound bind(Scope scope) {
        return bind(scope, new RenderOptions());
    }

    /**
     * Resolves a template of {@link Context#SQL}: the SQL, and what to bind to its placeholders.
     * No value is ever part of the text. Throws as {@link #render(Scope, RenderOptions)};
     * TextException (IDENT: not among those that Params allows; TYPE), UsageException (LIMIT: too
     * many parameters; INVALID: another context).
     *
     * @param scope what it is rendered against
     * @param options see there
     * @return the statement
     */
    public Statement prepare(Scope scope, RenderOptions options) {
        try (Use use = new Use()) {
            return new Statement(Native.templatePrepare(use.of(this), use.of(scope),
                    options.struct(use)));
        }
    }

    /**
     * The same with parameters. Throws as the other.
     *
     * @param scope what it is rendered against
     * @param params as {@link Params#of} takes them
     * @return the statement
     */
    public Statement prepare(Scope scope, Map<String, ?> params) {
        try (Params made = Params.of(params)) {
            return prepare(scope, new RenderOptions().params(made));
        }
    }

    /**
     * What it needs.
     *
     * @return a row for each tag, in order
     */
    public Rows<TagRow> references() {
        try (Use use = new Use()) {
            return new Rows<>(Native.templateReferences(use.of(this)), TagRow::from);
        }
    }

    @Override
    public String toString() {
        return isClosed() ? "closed Template" : "Template";
    }
}
