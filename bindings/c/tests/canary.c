/* Not a test: a program with one memory fault, to see that a tool that finds none would have found one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

int check_other_role(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    /* The address goes through a volatile: no compiler sees through it, and no register keeps it. */
    char *volatile place = malloc(64);
    strcpy(place, "kept");
    if (strcmp(argv[1], "leak") == 0) {
        place = NULL;
        return 0;
    }
    if (strcmp(argv[1], "overrun") == 0) {
        place[64] = 'x';
        free(place);
        return 0;
    }
    if (strcmp(argv[1], "use-after-free") == 0) {
        free(place);
        printf("%d\n", place[0]);
        return 0;
    }
    if (strcmp(argv[1], "lost-in-the-library") == 0) {
        /* The Rust code is not instrumented, but what it allocates is seen. */
        zk_test_leak();
        free(place);
        return 0;
    }
    free(place);
    return strcmp(argv[1], "nothing") == 0 ? 0 : 2;
}
