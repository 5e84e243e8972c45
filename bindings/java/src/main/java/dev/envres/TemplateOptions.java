// SPDX-License-Identifier: MIT
package dev.envres;

/** How a template is read. Each method sets something and gives the same object back. */
public final class TemplateOptions {
    private int flags;
    private Context context = Context.TEXT;
    private Dialect dialect;
    private Style style = Style.DEFAULT;

    /** Plain text. */
    public TemplateOptions() { }

    /**
     * How values are written into it.
     *
     * @param context where the text goes
     * @return this
     */
    public TemplateOptions context(Context context) {
        this.context = context;
        return this;
    }

    /**
     * Of {@link Context#SQL}: whose SQL it is; required there.
     *
     * @param dialect whose
     * @return this
     */
    public TemplateOptions dialect(Dialect dialect) {
        this.dialect = dialect;
        return this;
    }

    /**
     * Of {@link Context#SQL}: how placeholders look.
     *
     * @param style how
     * @return this
     */
    public TemplateOptions style(Style style) {
        this.style = style;
        return this;
    }

    /**
     * Near misses ({@code << enviroment...}) are errors.
     *
     * @return this
     */
    public TemplateOptions strict() {
        flags |= Flags.TEMPLATE_STRICT;
        return this;
    }

    Object[] struct() {
        return Structs.templateOptions(flags, context.value(), dialect == null ? 0 : dialect.value(),
                style.value());
    }
}
