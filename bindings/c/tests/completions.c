/* Operations that are started, and how a program hears of their ends. */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

static bool readable(zk_client *zk, int timeout_ms) {
    struct pollfd waited = {zk_client_poll_fd(zk), POLLIN, 0};
    CHECK(waited.fd >= 0);
    int ready = poll(&waited, 1, timeout_ms);
    CHECK(ready == 0 || (ready == 1 && waited.revents == POLLIN));
    return ready == 1;
}

static zk_completion next(zk_client *zk) {
    zk_completion done = {0, NULL, ZK_ERR_BUG, NULL};
    CHECK_OK(zk_client_next_completion(zk, SOON, &done));
    CHECK(done.operation != 0 && done.result != NULL);
    return done;
}

/* Takes what is there without waiting; false if there is nothing. */
static bool take(zk_client *zk, zk_completion *done) {
    CHECK_OK(zk_client_next_completion(zk, 0, done));
    CHECK((done->operation == 0) == (done->result == NULL));
    return done->operation != 0;
}

TEST(each_operation_makes_one_completion_with_its_number_tag_and_result) {
    struct world world = world_start();
    zk_client *zk = world.client;
    zk_mutex *mutex = mutex_at(zk, "/lock");
    zk_guard *guard = NULL;
    zk_completion done;
    uint64_t number[9] = {0};
    int tags[9];
    const void *data = NULL;
    const char *text = NULL;
    size_t len = 0;
    zk_stat stat;
    bool yes = false;

    CHECK(!take(zk, &done));
    CHECK_OK(zk_client_start_create(
        zk, "/a", ZK_NUL, "x", 1, ZK_PERSISTENT, NULL, SOON, &tags[0], &number[0]));
    CHECK_OK(zk_client_start_get(zk, "/a", ZK_NUL, SOON, &tags[1], &number[1]));
    CHECK_OK(zk_client_start_set(
        zk, "/a", ZK_NUL, "yy", 2, ZK_ANY_VERSION, NULL, SOON, &tags[2], &number[2]));
    CHECK_OK(zk_client_start_exists(zk, "/a", ZK_NUL, SOON, &tags[3], &number[3]));
    CHECK_OK(zk_client_start_children(zk, "/", ZK_NUL, SOON, &tags[4], &number[4]));
    CHECK_OK(zk_client_start_delete(zk, "/a", ZK_NUL, ZK_ANY_VERSION, NULL, SOON, &tags[5], &number[5]));
    CHECK_OK(zk_client_start_get(zk, "/a", ZK_NUL, SOON, &tags[6], &number[6]));
    /* Requests leave in the order of the calls, so each result is known; completions may overtake each other. */
    for (int i = 0; i < 7; i += 1) {
        done = next(zk);
        int which = (int)((int *)done.tag - tags);
        CHECK(which >= 0 && which < 7 && done.operation == number[which]);
        number[which] = 0;
        switch (which) {
        case 0:
            CHECK_OK(zk_result_path(done.result, &text));
            CHECK(strcmp(text, "/a") == 0);
            break;
        case 1:
            CHECK_OK(zk_result_data(done.result, &data, &len));
            CHECK(len == 1 && memcmp(data, "x", 1) == 0);
            break;
        case 2:
            CHECK_OK(zk_result_stat(done.result, &stat));
            CHECK(stat.version == 1);
            break;
        case 3:
            CHECK_OK(zk_result_exists(done.result, &yes));
            CHECK(yes);
            CHECK_OK(zk_result_stat(done.result, &stat));
            CHECK(stat.data_length == 2);
            break;
        case 4:
            CHECK(zk_result_count(done.result) >= 1);
            CHECK_OK(zk_result_name(done.result, 0, &text));
            break;
        case 5:
            CHECK_OK(zk_result_status(done.result));
            break;
        default:
            CHECK(done.status == ZK_ERR_NO_NODE);
            CHECK_STATUS(zk_result_data(done.result, &data, &len), ZK_ERR_NO_NODE);
            CHECK_STATUS(zk_result_status(done.result), ZK_ERR_NO_NODE);
            CHECK(says(zk_last_error(), "/a") && strcmp(zk_last_error_path(), "/a") == 0);
        }
        CHECK_OK(zk_result_free(done.result));
    }
    CHECK(!take(zk, &done) && !readable(zk, 0));

    CHECK_OK(zk_mutex_start_try_acquire(mutex, SOON, &tags[7], NULL));
    done = next(zk);
    CHECK_OK(zk_result_take_guard(done.result, &guard));
    CHECK(guard != NULL && done.tag == &tags[7]);
    CHECK_STATUS(zk_result_take_guard(done.result, &guard), ZK_ERR_MISUSE);
    CHECK_OK(zk_result_free(done.result));
    CHECK_OK(zk_mutex_start_contenders(mutex, SOON, NULL, NULL));
    done = next(zk);
    CHECK(zk_result_count(done.result) == 1 && done.tag == NULL);
    CHECK_OK(zk_result_free(done.result));
    CHECK_OK(zk_guard_start_release(guard, SOON, NULL, &number[8]));
    CHECK(!zk_guard_is_held(guard));
    done = next(zk);
    CHECK(done.operation == number[8]);
    CHECK_OK(zk_result_was_held(done.result, &yes));
    CHECK(yes);
    CHECK_OK(zk_result_free(done.result));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}

TEST(one_readable_descriptor_stands_for_a_thousand_completions) {
    enum { MANY = 1000 };
    struct world world = world_start();
    zk_client *zk = world.client;
    zk_completion done;
    created(zk, "/a", "");
    CHECK(!readable(zk, 0));
    for (int i = 0; i < MANY; i += 1) {
        CHECK_OK(zk_client_start_get(zk, "/a", ZK_NUL, SOON, NULL, NULL));
    }
    int taken = 0;
    int wakeups = 0;
    while (taken < MANY) {
        CHECK(readable(zk, SOON));
        wakeups += 1;
        while (take(zk, &done)) {
            CHECK(done.status == ZK_OK);
            CHECK_OK(zk_result_free(done.result));
            taken += 1;
        }
    }
    CHECK(taken == MANY && !readable(zk, 0));
    fprintf(stderr, "%d completions in %d wake-ups\n", taken, wakeups);
    /* Left lying for a while they come in one. */
    for (int i = 0; i < MANY; i += 1) {
        CHECK_OK(zk_client_start_exists(zk, "/a", ZK_NUL, SOON, NULL, NULL));
    }
    created(zk, "/last", "");
    CHECK(readable(zk, SOON));
    for (taken = 0; taken < MANY; taken += 1) {
        zk_completion one = next(zk);
        CHECK_OK(zk_result_free(one.result));
    }
    CHECK(!readable(zk, 0));
    world_end(&world);
}

TEST(an_acquisition_can_be_cancelled_and_leaves_no_contender) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    zk_guard *guard = acquired(mutex);
    zk_guard *none = NULL;
    uint64_t number = 0;
    bool running = false;
    CHECK_OK(zk_mutex_start_acquire(mutex, -1, NULL, &number));
    WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 2);
    CHECK_OK(zk_client_cancel(world.client, number, &running));
    CHECK(running);
    zk_completion done = next(world.client);
    CHECK(done.operation == number && done.status == ZK_ERR_CANCELLED);
    CHECK_STATUS(zk_result_take_guard(done.result, &none), ZK_ERR_CANCELLED);
    CHECK_OK(zk_result_free(done.result));
    WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 1);
    CHECK_OK(zk_client_cancel(world.client, number, &running));
    CHECK(!running);
    CHECK_STATUS(zk_client_cancel(world.client, number + 1, NULL), ZK_ERR_MISUSE);
    CHECK_STATUS(zk_client_cancel(world.client, 0, NULL), ZK_ERR_MISUSE);
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}

TEST(a_guard_that_nobody_takes_is_released_with_its_result_or_its_client) {
    struct world world = world_start();
    zk_client *other = world_client(&world, 0);
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    zk_mutex *theirs = mutex_at(other, "/lock");
    CHECK_OK(zk_mutex_start_acquire(mutex, -1, NULL, NULL));
    zk_completion done = next(world.client);
    CHECK(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 1);
    CHECK_OK(zk_result_free(done.result));
    WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 0);
    CHECK_OK(zk_mutex_start_acquire(theirs, -1, NULL, NULL));
    CHECK(readable(other, SOON));
    CHECK_OK(zk_client_free(other));
    zk_guard *guard = acquired(mutex);
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    CHECK_OK(zk_mutex_free(theirs));
    world_end(&world);
}

TEST(closing_completes_everything_that_runs_and_then_says_so_for_good) {
    struct world world = world_start();
    zk_client *zk = world_client(&world, 0);
    zk_mutex *mutex = mutex_at(zk, "/lock");
    zk_guard *guard = acquired(mutex);
    zk_completion done;
    int lost = 0;
    int others = 0;
    zk_test_server_hold_commits(world.server, true);
    for (int i = 0; i < 5; i += 1) {
        CHECK_OK(zk_client_start_set(zk, "/", ZK_NUL, NULL, 0, ZK_ANY_VERSION, NULL, -1, NULL, NULL));
        CHECK_OK(zk_mutex_start_acquire(mutex, -1, NULL, NULL));
        CHECK_OK(zk_guard_start_wait_lost(guard, -1, NULL, NULL));
        CHECK_OK(zk_guard_start_wait_doubted(guard, -1, NULL, NULL));
    }
    CHECK_STATUS(zk_client_close(zk, 10), ZK_ERR_TIMED_OUT);
    zk_test_server_hold_commits(world.server, false);
    CHECK_OK(zk_client_close(zk, SOON));
    CHECK(zk_client_state(zk) == ZK_STATE_CLOSED);
    zk_status status;
    while ((status = zk_client_next_completion(zk, SOON, &done)) == ZK_OK) {
        CHECK(done.operation != 0);
        lost += done.status == ZK_ERR_LOCK_LOST;
        others += done.status != ZK_ERR_LOCK_LOST;
        CHECK_OK(zk_result_free(done.result));
    }
    CHECK(status == ZK_ERR_CLOSED);
    CHECK(lost == 10 && others == 10);
    CHECK(readable(zk, 0));
    CHECK_STATUS(zk_client_next_completion(zk, -1, &done), ZK_ERR_CLOSED);
    CHECK_STATUS(zk_client_start_get(zk, "/", ZK_NUL, SOON, NULL, NULL), ZK_ERR_CLOSED);
    CHECK_OK(zk_client_close(zk, SOON));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    CHECK_OK(zk_client_free(zk));
    world_end(&world);
}

struct taker {
    zk_client *zk;
    int taken;
};

static void *take_until_closed(void *argument) {
    struct taker *taker = argument;
    zk_completion done;
    while (zk_client_next_completion(taker->zk, -1, &done) == ZK_OK) {
        CHECK_OK(zk_result_free(done.result));
        taker->taken += 1;
    }
    CHECK(zk_last_error_status() == ZK_ERR_CLOSED);
    return NULL;
}

TEST(several_threads_share_the_completions_and_none_comes_twice) {
    enum { THREADS = 4, MANY = 400 };
    struct world world = world_start();
    zk_client *zk = world_client(&world, 0);
    struct taker takers[THREADS];
    pthread_t threads[THREADS];
    int taken = 0;
    for (int i = 0; i < THREADS; i += 1) {
        takers[i].zk = zk;
        takers[i].taken = 0;
        CHECK(pthread_create(&threads[i], NULL, take_until_closed, &takers[i]) == 0);
    }
    for (int i = 0; i < MANY; i += 1) {
        CHECK_OK(zk_client_start_exists(zk, "/", ZK_NUL, SOON, NULL, NULL));
    }
    CHECK_OK(zk_client_close(zk, SOON));
    for (int i = 0; i < THREADS; i += 1) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        taken += takers[i].taken;
    }
    CHECK(taken == MANY);
    CHECK_OK(zk_client_free(zk));
    world_end(&world);
}
