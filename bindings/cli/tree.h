/* SPDX-License-Identifier: MIT */
/* Folders of plain files: read whole for an import, made whole by an export. */
#ifndef ENVRES_CLI_TREE_H
#define ENVRES_CLI_TREE_H

#include "cli.h"
#include "text.h"

struct tree_file {
    char *path; /* below the folder, separated by `/` */
    char *data;
    size_t len;
};

struct tree {
    struct tree_file *files; /* by path, as strcmp() orders them within each folder */
    size_t count;
    size_t cap;
    size_t bytes;
    bool left_git; /* a .git at the top was there, and is not among the files */
};

/* Reads every file of a folder and of those in it. No symbolic link is followed; what is neither a
 * plain file nor a folder, and what cannot be the name of a part, is refused by name. 0, or an exit
 * status; tree_free() in any case. */
int tree_read(struct cli *cli, const char *folder, struct tree *tree);
void tree_free(struct tree *tree);

/* A folder that is being made. */
struct tree_writer;

/* A folder that is not there yet is made beside its name and gets it from tree_writer_end(). One
 * that is there must be empty; with `over` it need not be. 0, or an exit status. */
int tree_writer_begin(struct cli *cli, const char *folder, bool over, struct tree_writer **out);
/* Whether a file of this path could be written: nothing but plain folders on the way and no other
 * thing in its place. Changes nothing. */
int tree_writer_check(struct tree_writer *writer, const char *path);
int tree_writer_add(struct tree_writer *writer, const char *path, const char *data, size_t len);
/* With status 0 so far: everything is on the disk, the folder has its name. Else what was made is
 * taken away again. Frees the writer, which may be NULL. */
int tree_writer_end(struct tree_writer *writer, int status);

#endif
