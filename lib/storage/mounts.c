/* SPDX-License-Identifier: MIT */
/*
 * Classifying file systems. The mount table names the type (statfs calls every FUSE file system the
 * same), statfs catches what a mount table of another namespace hides. Types that are not listed
 * are taken for local; FUSE types that are not listed are not trusted. No I/O here.
 */
#include "storage/mounts.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct type_row {
    const char *name; /* a trailing '*' stands for any rest */
    enum mounts_class class;
};

/* The first row that fits. */
static const struct type_row type_rows[] = {
    { "nfs*", MOUNTS_NETWORK },
    { "cifs", MOUNTS_NETWORK },
    { "smb*", MOUNTS_NETWORK },
    { "9p*", MOUNTS_NETWORK },
    { "drvfs", MOUNTS_NETWORK },
    { "afs", MOUNTS_NETWORK },
    { "ceph*", MOUNTS_NETWORK },
    { "coda", MOUNTS_NETWORK },
    { "ncp*", MOUNTS_NETWORK },
    { "lustre*", MOUNTS_NETWORK },
    { "glusterfs", MOUNTS_NETWORK },
    { "gpfs", MOUNTS_NETWORK },
    { "beegfs*", MOUNTS_NETWORK },
    { "gfs*", MOUNTS_NETWORK },
    { "ocfs2*", MOUNTS_NETWORK },
    { "pvfs2", MOUNTS_NETWORK },
    { "orangefs", MOUNTS_NETWORK },
    { "vboxsf", MOUNTS_NETWORK },
    { "vmhgfs", MOUNTS_NETWORK },
    { "prl_fs", MOUNTS_NETWORK },
    { "davfs*", MOUNTS_NETWORK },
    { "fuse.sshfs", MOUNTS_NETWORK },
    { "fuse.smb*", MOUNTS_NETWORK },
    { "fuse.glusterfs*", MOUNTS_NETWORK },
    { "fuse.ceph*", MOUNTS_NETWORK },
    { "fuse.juicefs", MOUNTS_NETWORK },
    { "fuse.rclone", MOUNTS_NETWORK },
    { "fuse.s3*", MOUNTS_NETWORK },
    { "fuse.gcsfuse", MOUNTS_NETWORK },
    { "fuse.goofys", MOUNTS_NETWORK },
    { "fuse.blobfuse*", MOUNTS_NETWORK },
    { "fuse.davfs*", MOUNTS_NETWORK },
    { "fuse.curlftpfs", MOUNTS_NETWORK },
    { "fuse.gvfsd*", MOUNTS_NETWORK },
    { "fuse.moosefs", MOUNTS_NETWORK },
    { "fuse.mfs*", MOUNTS_NETWORK },
    { "fuse.seaweedfs", MOUNTS_NETWORK },
    { "fuse.vmhgfs*", MOUNTS_NETWORK },
    { "fuse.grpcfuse", MOUNTS_NETWORK },
    { "fuse.osxfs", MOUNTS_NETWORK },
    { "fuse.fuse-overlayfs", MOUNTS_LOCAL },
    { "fuseblk*", MOUNTS_LOCAL },
    { "fusectl", MOUNTS_LOCAL },
    { "fuse*", MOUNTS_FUSE },
    { "virtiofs", MOUNTS_FUSE },
};

struct magic_row {
    uint64_t magic;
    const char *name;
    enum mounts_class class;
};

/* Numbers of linux/magic.h and of the file systems' own sources. */
static const struct magic_row magic_rows[] = {
    { 0x6969, "nfs", MOUNTS_NETWORK },          { 0xFF534D42, "cifs", MOUNTS_NETWORK },
    { 0xFE534D42, "smb2", MOUNTS_NETWORK },     { 0x517B, "smb", MOUNTS_NETWORK },
    { 0x01021997, "9p", MOUNTS_NETWORK },       { 0x5346414F, "afs", MOUNTS_NETWORK },
    { 0x6B414653, "kafs", MOUNTS_NETWORK },     { 0x00C36400, "ceph", MOUNTS_NETWORK },
    { 0x73757245, "coda", MOUNTS_NETWORK },     { 0x564C, "ncp", MOUNTS_NETWORK },
    { 0x0BD00BD0, "lustre", MOUNTS_NETWORK },   { 0x47504653, "gpfs", MOUNTS_NETWORK },
    { 0x01161970, "gfs2", MOUNTS_NETWORK },     { 0x7461636F, "ocfs2", MOUNTS_NETWORK },
    { 0x20030528, "orangefs", MOUNTS_NETWORK }, { 0x19830326, "beegfs", MOUNTS_NETWORK },
    { 0x786F4256, "vboxsf", MOUNTS_NETWORK },   { 0xBACBACBC, "vmhgfs", MOUNTS_NETWORK },
    { 0x65735546, "fuse", MOUNTS_FUSE },
};

static bool
fits(const char *pattern, struct slice type)
{
    size_t len = strlen(pattern);
    if (pattern[len - 1] == '*')
        return type.len >= len - 1 && memcmp(type.data, pattern, len - 1) == 0;
    return slice_equal(type, slice_str(pattern));
}

static enum mounts_class
class_of_type(struct slice type)
{
    for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++) {
        if (fits(type_rows[i].name, type))
            return type_rows[i].class;
    }
    return MOUNTS_LOCAL;
}

static const struct magic_row *
find_magic(uint64_t magic)
{
    for (size_t i = 0; i < sizeof(magic_rows) / sizeof(magic_rows[0]); i++) {
        if (magic_rows[i].magic == magic)
            return &magic_rows[i];
    }
    return NULL;
}

static struct slice
take_word(struct slice *line)
{
    size_t start = 0;
    while (start < line->len && line->data[start] == ' ')
        start++;
    size_t end = start;
    while (end < line->len && line->data[end] != ' ')
        end++;
    struct slice word = { line->data + start, end - start };
    line->data += end;
    line->len -= end;
    return word;
}

/* One character of a mount point: the kernel writes space, tab, newline and '\' as \ooo. */
static char
next_char(struct slice point, size_t *i)
{
    const char *c = point.data + *i;
    if (c[0] == '\\' && point.len - *i >= 4) {
        int value = 0;
        bool is_octal = true;
        for (int k = 1; k <= 3; k++) {
            is_octal = is_octal && c[k] >= '0' && c[k] <= '7';
            value = value * 8 + (c[k] - '0');
        }
        if (is_octal) {
            *i += 4;
            return (char)(unsigned char)value;
        }
    }
    *i += 1;
    return c[0];
}

/* Length of the mount point when the folder is it, or lies under it; else -1. */
static ptrdiff_t
match_point(struct slice point, struct slice folder)
{
    size_t len = 0;
    for (size_t i = 0; i < point.len;) {
        char c = next_char(point, &i);
        if (len >= folder.len || folder.data[len] != c)
            return -1;
        len++;
    }
    bool ends_there = len == folder.len || (len > 0 && folder.data[len - 1] == '/');
    return len > 0 && (ends_there || folder.data[len] == '/') ? (ptrdiff_t)len : -1;
}

static struct slice
find_type(struct slice table, struct slice folder)
{
    struct slice best = { "", 0 };
    ptrdiff_t best_len = -1;
    while (table.len > 0) {
        const char *end = memchr(table.data, '\n', table.len);
        size_t len = end ? (size_t)(end - table.data) : table.len;
        struct slice line = { table.data, len };
        take_word(&line);
        struct slice point = take_word(&line);
        struct slice type = take_word(&line);
        ptrdiff_t matched = match_point(point, folder);
        if (type.len > 0 && matched >= best_len && matched > 0) {
            best = type;
            best_len = matched;
        }
        len += end ? 1 : 0;
        table.data += len;
        table.len -= len;
    }
    return best;
}

enum mounts_class
mounts_classify(struct slice table, struct slice folder, uint64_t magic, struct slice *type)
{
    *type = find_type(table, folder);
    const struct magic_row *row = find_magic(magic);
    enum mounts_class class = class_of_type(*type);
    if (class == MOUNTS_NETWORK || (class == MOUNTS_FUSE && (!row || row->class == MOUNTS_FUSE)))
        return class;
    if (row && row->class == MOUNTS_NETWORK) {
        *type = slice_str(row->name);
        return MOUNTS_NETWORK;
    }
    /* What is left of the numbers is FUSE. The table knows which one; without it, it is unknown. */
    if (row && !fits("fuse*", *type)) {
        *type = slice_str(row->name);
        return MOUNTS_FUSE;
    }
    if (type->len == 0)
        *type = slice_str("unknown");
    return class;
}
