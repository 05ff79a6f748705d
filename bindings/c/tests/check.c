#include "check.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

const char *check_program;

static struct test *first;
static const char *running;
static unsigned passed;

void check_register(struct test *test) {
    struct test **place = &first;
    while (*place != NULL) {
        place = &(*place)->next;
    }
    *place = test;
}

void check_failed(const char *file, int line, const char *what) {
    fflush(stdout);
    fprintf(stderr, "%s:%d: %s\nlast error: %s\n", file, line, what, zk_last_error());
    printf("test %s ... FAILED\ntest result: FAILED. %u passed; 1 failed; 0 ignored;\n", running, passed);
    fflush(stdout);
    _exit(101);
}

void check_nap(int *naps, const char *file, int line, const char *what) {
    struct timespec millisecond = {0, 1000000};
    *naps += 1;
    if (*naps > SOON) {
        check_failed(file, line, what);
    }
    nanosleep(&millisecond, NULL);
}

__attribute__((weak)) int check_other_role(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return -1;
}

int main(int argc, char **argv) {
    check_program = argv[0];
    int role = check_other_role(argc, argv);
    if (role >= 0) {
        return role;
    }
    bool list = argc > 1 && strcmp(argv[1], "--list") == 0;
    bool ignored = argc > 1 && strcmp(argv[argc - 1], "--ignored") == 0;
    for (struct test *test = first; test != NULL; test = test->next) {
        if (list) {
            if (!ignored) {
                printf("%s: test\n", test->name);
            }
            continue;
        }
        if (argc > 1 && strstr(test->name, argv[1]) == NULL) {
            continue;
        }
        running = test->name;
        /* A hang ends the program, and with it the test. */
        alarm(300);
        test->run();
        /* Objects are kept by the library's table, where a leak checker finds them in use. */
        CHECK(zk_test_live_handles() == 0);
        passed += 1;
        printf("test %s ... ok\n", test->name);
        fflush(stdout);
    }
    if (!list) {
        printf("test result: ok. %u passed; 0 failed; 0 ignored;\n", passed);
    }
    return 0;
}

struct world world_start(void) {
    struct world world = {NULL, NULL, NULL};
    CHECK_OK(zk_test_server_start(&world.server));
    world.address = zk_test_server_address(world.server);
    world.client = world_client(&world, 0);
    return world;
}

void world_end(struct world *world) {
    CHECK_OK(zk_client_close(world->client, SOON));
    CHECK_OK(zk_client_free(world->client));
    CHECK_OK(zk_test_server_free(world->server));
}

zk_client *world_client(const struct world *world, int64_t session_timeout_ms) {
    zk_options *options = NULL;
    zk_client *client = NULL;
    CHECK_OK(zk_options_new(&options));
    /* Long enough for a busy machine under valgrind: where a session is to end, the test ends it. */
    CHECK_OK(zk_options_set_session_timeout(
        options, session_timeout_ms > 0 ? session_timeout_ms : 30000));
    CHECK_OK(zk_client_connect(world->address, ZK_NUL, options, SOON, &client));
    CHECK_OK(zk_options_free(options));
    return client;
}

zk_guard *acquired(zk_mutex *mutex) {
    zk_guard *guard = NULL;
    CHECK_OK(zk_mutex_acquire(mutex, SOON, &guard));
    CHECK(guard != NULL);
    return guard;
}

zk_mutex *mutex_at(zk_client *client, const char *path) {
    zk_mutex *mutex = NULL;
    CHECK_OK(zk_mutex_new(client, path, ZK_NUL, &mutex));
    return mutex;
}

void created(zk_client *client, const char *path, const char *data) {
    CHECK_OK(
        zk_client_create(client, path, ZK_NUL, data, strlen(data), ZK_PERSISTENT, NULL, SOON, NULL));
}

bool data_is(zk_client *client, const char *path, const char *data) {
    zk_result *result = NULL;
    const void *found = NULL;
    size_t len = 0;
    CHECK_OK(zk_client_get(client, path, ZK_NUL, SOON, &result));
    CHECK_OK(zk_result_data(result, &found, &len));
    bool same = len == strlen(data) && (len == 0 || memcmp(found, data, len) == 0);
    CHECK_OK(zk_result_free(result));
    return same;
}

bool says(const char *text, const char *part) {
    return text != NULL && strstr(text, part) != NULL;
}
