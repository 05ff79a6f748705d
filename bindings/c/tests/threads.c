/* The same handles in many threads, and the end of a client while they are in use. */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 8, ROUNDS = 10 };

struct worker {
    zk_client *zk;
    zk_mutex *mutex;
    uint64_t *last_token;
    zk_status end;
};

/* Adds one under the lock, in the tree, with a fenced write. */
static void *count(void *argument) {
    struct worker *worker = argument;
    for (int round = 0; round < ROUNDS; round += 1) {
        zk_guard *guard = acquired(worker->mutex);
        zk_result *result = NULL;
        const void *data = NULL;
        size_t len = 0;
        char number[16] = {0};
        CHECK(zk_guard_token(guard) > *worker->last_token);
        *worker->last_token = zk_guard_token(guard);
        CHECK_OK(zk_client_get(worker->zk, "/count", ZK_NUL, SOON, &result));
        CHECK_OK(zk_result_data(result, &data, &len));
        CHECK(len < sizeof number);
        memcpy(number, data, len);
        CHECK_OK(zk_result_free(result));
        snprintf(number, sizeof number, "%d", atoi(number) + 1);
        CHECK_OK(zk_client_set(
            worker->zk, "/count", ZK_NUL, number, strlen(number), ZK_ANY_VERSION, guard, SOON, NULL));
        CHECK_OK(zk_guard_release(guard, SOON, NULL));
        CHECK_OK(zk_guard_free(guard));
    }
    return NULL;
}

TEST(eight_threads_on_two_clients_count_exactly_under_the_lock) {
    struct world world = world_start();
    zk_client *clients[2] = {world.client, world_client(&world, 0)};
    zk_mutex *mutexes[2] = {mutex_at(clients[0], "/lock"), mutex_at(clients[1], "/lock")};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    uint64_t last_token = 0;
    char wanted[16];
    created(world.client, "/count", "0");
    for (int i = 0; i < THREADS; i += 1) {
        workers[i] = (struct worker){clients[i % 2], mutexes[i % 2], &last_token, ZK_OK};
        CHECK(pthread_create(&threads[i], NULL, count, &workers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i += 1) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    snprintf(wanted, sizeof wanted, "%d", THREADS * ROUNDS);
    CHECK(data_is(world.client, "/count", wanted));
    CHECK(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 0);
    CHECK_OK(zk_mutex_free(mutexes[0]));
    CHECK_OK(zk_mutex_free(mutexes[1]));
    CHECK_OK(zk_client_free(clients[1]));
    world_end(&world);
}

static void *wait_in_acquire(void *argument) {
    struct worker *worker = argument;
    zk_guard *guard = NULL;
    worker->end = zk_mutex_acquire(worker->mutex, -1, &guard);
    return NULL;
}

static void *wait_in_set(void *argument) {
    struct worker *worker = argument;
    worker->end = zk_client_set(worker->zk, "/", ZK_NUL, NULL, 0, ZK_ANY_VERSION, NULL, -1, NULL);
    return NULL;
}

static void *wait_for_a_completion(void *argument) {
    struct worker *worker = argument;
    zk_completion done;
    worker->end = zk_client_next_completion(worker->zk, -1, &done);
    return NULL;
}

TEST(a_client_is_closed_or_freed_while_threads_wait_in_its_calls) {
    struct world world = world_start();
    void *(*waits[])(void *) = {wait_in_acquire, wait_in_set, wait_for_a_completion};
    for (int by_free = 0; by_free < 2; by_free += 1) {
        zk_client *zk = world_client(&world, 0);
        zk_mutex *mutex = mutex_at(zk, "/lock");
        zk_mutex *mine = mutex_at(world.client, "/lock");
        zk_guard *guard = acquired(mine);
        struct worker workers[3];
        pthread_t threads[3];
        uint64_t sets = zk_test_server_requests(world.server, OP_SET);
        for (int i = 0; i < 3; i += 1) {
            workers[i] = (struct worker){zk, mutex, NULL, ZK_OK};
            if (i == 1) {
                WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 2);
                zk_test_server_hold_commits(world.server, true);
            }
            CHECK(pthread_create(&threads[i], NULL, waits[i], &workers[i]) == 0);
        }
        WAIT_UNTIL(zk_test_server_requests(world.server, OP_SET) == sets + 1);
        if (by_free) {
            CHECK_OK(zk_client_free(zk));
        } else {
            CHECK_STATUS(zk_client_close(zk, 0), ZK_ERR_TIMED_OUT);
        }
        CHECK(pthread_join(threads[2], NULL) == 0);
        zk_test_server_hold_commits(world.server, false);
        CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
        CHECK_STATUS(workers[0].end, ZK_ERR_CLOSED);
        CHECK(workers[1].end == ZK_OK || workers[1].end == ZK_ERR_CLOSED);
        CHECK(workers[2].end == ZK_ERR_CLOSED
              || (by_free && workers[2].end == ZK_ERR_INVALID_HANDLE));
        WAIT_UNTIL(zk_test_server_sessions(world.server) == 1);
        CHECK(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 1);
        CHECK_OK(zk_guard_release(guard, SOON, NULL));
        CHECK_OK(zk_guard_free(guard));
        CHECK_OK(zk_mutex_free(mine));
        CHECK_OK(zk_mutex_free(mutex));
        if (!by_free) {
            CHECK_OK(zk_client_free(zk));
        }
    }
    world_end(&world);
}

static void *fail(void *argument) {
    (void)argument;
    CHECK(zk_last_error_status() == ZK_OK && strcmp(zk_last_error(), "") == 0);
    CHECK_STATUS(zk_client_close(NULL, SOON), ZK_ERR_NULL_ARGUMENT);
    CHECK(says(zk_last_error(), "zk_client"));
    return NULL;
}

TEST(the_last_error_belongs_to_its_thread) {
    pthread_t thread;
    zk_options *options = NULL;
    CHECK_OK(zk_options_new(&options));
    CHECK_STATUS(zk_options_set_session_timeout(options, -1), ZK_ERR_INVALID_CONFIG);
    CHECK(pthread_create(&thread, NULL, fail, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(zk_last_error_status() == ZK_ERR_INVALID_CONFIG);
    CHECK_OK(zk_options_free(options));
}
