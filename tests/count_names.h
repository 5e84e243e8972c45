/* SPDX-License-Identifier: MIT */
/* How many names there are in a folder, without those that begin with a dot. */
#ifndef ENVRES_TESTS_COUNT_NAMES_H
#define ENVRES_TESTS_COUNT_NAMES_H

#include <dirent.h>
#include <stdint.h>

static inline int32_t
count_names(const char *folder)
{
    int32_t count = 0;
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;
    while (dir && (entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

#endif
