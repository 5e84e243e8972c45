/* SPDX-License-Identifier: MIT */
/*
 * ctemplate behind C functions. It expands into one string whose memory stays, as ours goes into a
 * buffer that is used again; nothing is escaped or stripped.
 */
#include "peer.h"

#include <ctemplate/template.h>
#include <string>

static std::string output;

extern "C" int
peer_exists(void)
{
    return 1;
}

extern "C" void *
peer_values_new(void)
{
    return new ctemplate::TemplateDictionary("bench");
}

extern "C" void
peer_values_set(void *values, const char *name, const char *value)
{
    static_cast<ctemplate::TemplateDictionary *>(values)->SetValue(name, value);
}

extern "C" void *
peer_parse(const char *text, size_t len)
{
    return ctemplate::Template::StringToTemplate(text, len, ctemplate::DO_NOT_STRIP);
}

extern "C" void
peer_free(void *parsed)
{
    delete static_cast<ctemplate::Template *>(parsed);
}

extern "C" const char *
peer_expand(void *parsed, void *values, size_t *len)
{
    output.clear();
    static_cast<ctemplate::Template *>(parsed)->Expand(
        &output, static_cast<ctemplate::TemplateDictionary *>(values));
    *len = output.size();
    return output.data();
}
