/* A few lines of test harness. A program is a set of TESTs; it prints what libtest would print, so that one reader
 * serves both. The first failure ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zk_recipes.h>

#include "zk_testing.h"

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};

void check_register(struct test *test);
_Noreturn void check_failed(const char *file, int line, const char *what);
/* A millisecond's nap; fails the test if it is called for too long (see WAIT_UNTIL). */
void check_nap(int *naps, const char *file, int line, const char *what);
/* For programs that start themselves: the path of this one, and its first argument if that is no test. */
extern const char *check_program;
int check_other_role(int argc, char **argv);

#define TEST(test_name)                                                                                     \
    static void test_name(void);                                                                            \
    static struct test test_of_##test_name = {#test_name, test_name, NULL};                                 \
    __attribute__((constructor)) static void register_##test_name(void) {                                   \
        check_register(&test_of_##test_name);                                                               \
    }                                                                                                       \
    static void test_name(void)

#define CHECK(condition)                                                                                    \
    do {                                                                                                    \
        if (!(condition)) {                                                                                 \
            check_failed(__FILE__, __LINE__, #condition);                                                   \
        }                                                                                                   \
    } while (0)

#define CHECK_STATUS(call, wanted)                                                                          \
    do {                                                                                                    \
        zk_status status_ = (call);                                                                         \
        if (status_ != (wanted)) {                                                                          \
            fprintf(stderr, "status %d, wanted %d: %s\n", (int)status_, (int)(wanted), zk_last_error());    \
            check_failed(__FILE__, __LINE__, #call);                                                        \
        }                                                                                                   \
    } while (0)

#define CHECK_OK(call) CHECK_STATUS(call, ZK_OK)

/* Waits for a condition; the nap only keeps the processor free. */
#define WAIT_UNTIL(condition)                                                                               \
    do {                                                                                                    \
        int naps_ = 0;                                                                                      \
        while (!(condition)) {                                                                              \
            check_nap(&naps_, __FILE__, __LINE__, #condition);                                              \
        }                                                                                                   \
    } while (0)

/* Longer than anything here takes, also under valgrind on a busy machine. */
#define SOON 60000

/* A server and a client of it. */
struct world {
    zk_test_server *server;
    const char *address;
    zk_client *client;
};

struct world world_start(void);
void world_end(struct world *world);
/* One more client, which asks for sessions of this many milliseconds (0: long ones). */
zk_client *world_client(const struct world *world, int64_t session_timeout_ms);
zk_guard *acquired(zk_mutex *mutex);
zk_mutex *mutex_at(zk_client *client, const char *path);
void created(zk_client *client, const char *path, const char *data);
bool data_is(zk_client *client, const char *path, const char *data);
bool says(const char *text, const char *part);

/* Codes of operations on the wire, for faults. */
enum { OP_DELETE = 2, OP_GET = 4, OP_SET = 5, OP_PING = 11, OP_MULTI = 14, OP_CREATE = 15 };

#endif
