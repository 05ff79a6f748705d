/* Not a test: a server for programs that are no tests. Says where it listens, and ends when its input does. */
#include "check.h"

int check_other_role(int argc, char **argv) {
    zk_test_server *server = NULL;
    (void)argc;
    (void)argv;
    CHECK_OK(zk_test_server_start(&server));
    printf("%s\n", zk_test_server_address(server));
    fflush(stdout);
    while (getchar() != EOF) {
    }
    CHECK_OK(zk_test_server_free(server));
    return 0;
}
