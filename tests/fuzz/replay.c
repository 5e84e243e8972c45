/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over the files of the folders that are named, without libFuzzer. Fails when
 * there are none: a corpus that was lost is a fault. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static int
run_file(const char *path)
{
    uint8_t *data = malloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");
    if (!data || !file) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    printf("%s, %zu bytes\n", path, size);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

int
main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        const struct dirent *entry;
        while (folder && (entry = readdir(folder)) != NULL) {
            char path[4096];
            int len = snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] != '.' && len > 0 && (size_t)len < sizeof(path))
                count += run_file(path);
        }
        if (folder)
            closedir(folder);
    }
    return count > 0 ? 0 : 1;
}
