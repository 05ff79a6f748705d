/* The lock: tokens, loss, doubt, fenced writes. */
#include "check.h"

#include <pthread.h>

TEST(a_lock_is_acquired_with_a_token_and_released) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/locks/a");
    uint64_t last = 0;
    for (int round = 0; round < 3; round += 1) {
        zk_guard *guard = acquired(mutex);
        bool was_held = false;
        CHECK(zk_guard_token(guard) > last);
        last = zk_guard_token(guard);
        CHECK(strcmp(zk_guard_path(guard), "/locks/a") == 0);
        CHECK(strncmp(zk_guard_node(guard), "/locks/a/", 9) == 0);
        CHECK(zk_guard_is_held(guard) && zk_guard_loss(guard) == ZK_LOSS_NONE);
        CHECK_OK(zk_guard_release(guard, SOON, &was_held));
        CHECK(was_held && !zk_guard_is_held(guard) && !zk_guard_is_safe(guard));
        CHECK(zk_guard_safe_for_ms(guard) == 0 && zk_guard_loss(guard) == ZK_LOSS_NONE);
        CHECK(zk_test_server_nodes_below(world.server, "/locks/a", ZK_NUL) == 0);
        CHECK_STATUS(zk_guard_release(guard, SOON, NULL), ZK_ERR_MISUSE);
        CHECK_OK(zk_guard_free(guard));
    }
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}

TEST(a_held_lock_becomes_safe_and_stays_so_while_the_server_answers) {
    struct world world = world_start();
    zk_client *quick = world_client(&world, 3000);
    zk_mutex *mutex = mutex_at(quick, "/lock");
    zk_guard *guard = acquired(mutex);
    WAIT_UNTIL(zk_guard_is_safe(guard));
    int64_t left = zk_guard_safe_for_ms(guard);
    CHECK(left > 0 && left <= zk_client_session_timeout_ms(quick));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    CHECK_OK(zk_client_close(quick, SOON));
    CHECK_OK(zk_client_free(quick));
    world_end(&world);
}

TEST(trying_a_lock_that_is_held_gives_no_guard_and_leaves_no_contender) {
    struct world world = world_start();
    zk_client *other = world_client(&world, 0);
    zk_mutex *mine = mutex_at(world.client, "/lock");
    zk_mutex *theirs = mutex_at(other, "/lock");
    zk_guard *guard = acquired(mine);
    zk_guard *second = guard;
    CHECK_OK(zk_mutex_try_acquire(theirs, SOON, &second));
    CHECK(second == NULL);
    WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 1);
    CHECK_OK(zk_guard_release(guard, SOON, NULL));
    CHECK_OK(zk_mutex_try_acquire(theirs, SOON, &second));
    CHECK(second != NULL && zk_guard_token(second) > zk_guard_token(guard));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_guard_free(second));
    WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 0);
    CHECK_OK(zk_mutex_free(mine));
    CHECK_OK(zk_mutex_free(theirs));
    CHECK_OK(zk_client_free(other));
    world_end(&world);
}

TEST(an_acquisition_that_times_out_leaves_no_contender) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    zk_guard *guard = acquired(mutex);
    zk_guard *second = NULL;
    CHECK_STATUS(zk_mutex_acquire(mutex, 30, &second), ZK_ERR_ACQUIRE_TIMED_OUT);
    CHECK(second == NULL && says(zk_last_error(), "others are ahead"));
    CHECK(strcmp(zk_last_error_path(), "/lock") == 0);
    CHECK(zk_last_error_fate() == ZK_FATE_NOT_APPLIED);
    WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 1);
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}

TEST(a_lock_with_kazoos_layout_is_kazoos_and_refuses_curators) {
    struct world world = world_start();
    zk_mutex *ours = mutex_at(world.client, "/lock"), *kazoos = mutex_at(world.client, "/lock");
    zk_result *list = NULL;
    zk_contender holder;
    zk_guard *other = NULL;
    CHECK_STATUS(zk_mutex_set_layout(kazoos, 7), ZK_ERR_MISUSE);
    CHECK_OK(zk_mutex_set_layout(kazoos, ZK_LAYOUT_KAZOO));
    zk_guard *guard = acquired(kazoos);
    CHECK(strstr(zk_guard_node(guard), "__lock__") != NULL);
    CHECK_OK(zk_mutex_contenders(kazoos, SOON, &list));
    CHECK_OK(zk_result_contender(list, 0, &holder));
    CHECK(holder.holds && holder.family == ZK_FAMILY_KAZOO);
    CHECK_OK(zk_result_free(list));
    CHECK_STATUS(zk_mutex_acquire(ours, SOON, &other), ZK_ERR_MIXED_CONTENDERS);
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_set_layout(kazoos, ZK_LAYOUT_CURATOR));
    CHECK_OK(zk_mutex_free(ours));
    CHECK_OK(zk_mutex_free(kazoos));
    world_end(&world);
}

TEST(contenders_are_listed_in_order_with_their_texts) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    zk_result *list = NULL;
    zk_contender holder, waiter;
    CHECK_OK(zk_mutex_contenders(mutex, SOON, &list));
    CHECK(zk_result_count(list) == 0);
    CHECK_OK(zk_result_free(list));
    CHECK_OK(zk_mutex_set_contender(mutex, "ann", ZK_NUL));
    zk_guard *guard = acquired(mutex);
    CHECK_OK(zk_mutex_set_contender(mutex, "bob!", 3));
    CHECK_OK(zk_mutex_start_acquire(mutex, -1, NULL, NULL));
    WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 2);
    CHECK_OK(zk_mutex_contenders(mutex, SOON, &list));
    CHECK(zk_result_count(list) == 2);
    CHECK_OK(zk_result_contender(list, 0, &holder));
    CHECK_OK(zk_result_contender(list, 1, &waiter));
    CHECK(holder.holds && strcmp(holder.text, "ann") == 0 && holder.family == ZK_FAMILY_MUTEX);
    CHECK(holder.token == zk_guard_token(guard) && strcmp(holder.node, zk_guard_node(guard)) == 0);
    CHECK(holder.session == zk_client_session_id(world.client) && holder.since_ms > 0);
    CHECK(!waiter.holds && strcmp(waiter.text, "bob") == 0 && waiter.token > holder.token);
    CHECK_STATUS(zk_result_contender(list, 2, &waiter), ZK_ERR_MISUSE);
    CHECK_OK(zk_result_free(list));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}

TEST(fenced_writes_commit_while_the_lock_is_held_and_fail_after) {
    struct world world = world_start();
    zk_client *zk = world.client;
    zk_mutex *mutex = mutex_at(zk, "/lock");
    zk_guard *guard = acquired(mutex);
    zk_result *result = NULL;
    zk_stat stat;
    const char *path = NULL;
    CHECK_OK(zk_client_create(
        zk, "/out-", ZK_NUL, "1", 1, ZK_PERSISTENT_SEQUENTIAL, guard, SOON, &result));
    CHECK_OK(zk_result_path(result, &path));
    CHECK(strcmp(path, "/out-0000000001") == 0);
    CHECK_OK(zk_client_set(zk, path, ZK_NUL, "2", 1, 0, guard, SOON, &stat));
    CHECK(stat.version == 1);
    CHECK_STATUS(zk_client_set(zk, path, ZK_NUL, "3", 1, 0, guard, SOON, NULL), ZK_ERR_BAD_VERSION);
    CHECK_OK(zk_client_delete(zk, path, ZK_NUL, ZK_ANY_VERSION, guard, SOON));
    CHECK_OK(zk_result_free(result));

    created(zk, "/a", "mine");
    CHECK_OK(zk_guard_release(guard, SOON, NULL));
    CHECK_STATUS(
        zk_client_set(zk, "/a", ZK_NUL, "stale", 5, ZK_ANY_VERSION, guard, SOON, NULL), ZK_ERR_LOCK_LOST);
    CHECK_STATUS(
        zk_client_create(zk, "/b", ZK_NUL, NULL, 0, ZK_PERSISTENT, guard, SOON, NULL), ZK_ERR_LOCK_LOST);
    CHECK_STATUS(zk_client_delete(zk, "/a", ZK_NUL, ZK_ANY_VERSION, guard, SOON), ZK_ERR_LOCK_LOST);
    CHECK(zk_last_error_fate() == ZK_FATE_NOT_APPLIED);
    CHECK(data_is(zk, "/a", "mine"));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}

TEST(a_deleted_node_and_an_expired_session_and_a_closed_client_are_losses) {
    struct world world = world_start();
    struct {
        zk_loss loss;
        const char *text;
    } cases[] = {
        {ZK_LOSS_NODE_DELETED, "deleted"},
        {ZK_LOSS_SESSION_EXPIRED, "session"},
        {ZK_LOSS_CLOSED, "closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i += 1) {
        zk_client *zk = world_client(&world, 0);
        zk_mutex *mutex = mutex_at(zk, "/lock");
        zk_guard *guard = acquired(mutex);
        bool was_held = true;
        CHECK_STATUS(zk_guard_wait_lost(guard, 0), ZK_ERR_TIMED_OUT);
        if (cases[i].loss == ZK_LOSS_NODE_DELETED) {
            CHECK_OK(zk_client_delete(world.client, zk_guard_node(guard), ZK_NUL, -1, NULL, SOON));
        } else if (cases[i].loss == ZK_LOSS_SESSION_EXPIRED) {
            /* A session expires because nothing is heard of it. */
            zk_test_server_refuse(world.server, true);
            zk_test_server_cut(world.server);
            CHECK(zk_test_server_expire(world.server, zk_client_session_id(zk)));
            zk_test_server_refuse(world.server, false);
        } else {
            CHECK_OK(zk_client_close(zk, SOON));
        }
        CHECK_STATUS(zk_guard_wait_lost(guard, SOON), ZK_ERR_LOCK_LOST);
        CHECK(says(zk_last_error(), "/lock") && says(zk_last_error(), cases[i].text));
        CHECK_STATUS(zk_guard_wait_doubted(guard, SOON), ZK_ERR_LOCK_LOST);
        CHECK(zk_guard_loss(guard) == cases[i].loss);
        CHECK(!zk_guard_is_held(guard) && !zk_guard_is_safe(guard));
        CHECK_STATUS(
            zk_client_create(world.client, "/stale", ZK_NUL, NULL, 0, 0, guard, SOON, NULL),
            ZK_ERR_LOCK_LOST);
        CHECK_OK(zk_guard_release(guard, SOON, &was_held));
        CHECK(!was_held && zk_guard_loss(guard) == cases[i].loss);
        CHECK_OK(zk_guard_free(guard));
        CHECK_OK(zk_mutex_free(mutex));
        CHECK_OK(zk_client_free(zk));
    }
    world_end(&world);
}

TEST(silence_is_doubt_first_and_doubt_is_no_loss) {
    struct world world = world_start();
    zk_client *quick = world_client(&world, 3000);
    zk_mutex *mutex = mutex_at(quick, "/lock");
    zk_guard *guard = acquired(mutex);
    WAIT_UNTIL(zk_guard_is_safe(guard));
    CHECK_STATUS(zk_guard_wait_doubted(guard, 0), ZK_ERR_TIMED_OUT);
    zk_test_server_hold_commits(world.server, true);
    CHECK_STATUS(zk_guard_wait_doubted(guard, SOON), ZK_ERR_LOCK_DOUBT);
    CHECK(says(zk_last_error(), "not certain") && !zk_guard_is_safe(guard));
    CHECK(zk_guard_is_held(guard) && zk_guard_loss(guard) == ZK_LOSS_NONE);
    zk_test_server_hold_commits(world.server, false);
    WAIT_UNTIL(zk_guard_is_safe(guard));
    CHECK_OK(zk_guard_release(guard, SOON, NULL));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    CHECK_OK(zk_client_free(quick));
    world_end(&world);
}

struct waiter {
    zk_guard *guard;
    zk_status lost;
    zk_status doubted;
};

static void *wait_for_loss(void *argument) {
    struct waiter *waiter = argument;
    waiter->lost = zk_guard_wait_lost(waiter->guard, SOON);
    return NULL;
}

static void *wait_for_doubt(void *argument) {
    struct waiter *waiter = argument;
    waiter->doubted = zk_guard_wait_doubted(waiter->guard, SOON);
    return NULL;
}

TEST(who_waits_for_a_loss_hears_of_a_release_and_of_a_free) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    for (int by_free = 0; by_free < 2; by_free += 1) {
        zk_guard *guard = acquired(mutex);
        struct waiter waiter = {guard, ZK_ERR_BUG, ZK_ERR_BUG};
        zk_completion done;
        pthread_t threads[2];
        CHECK(pthread_create(&threads[0], NULL, wait_for_loss, &waiter) == 0);
        CHECK(pthread_create(&threads[1], NULL, wait_for_doubt, &waiter) == 0);
        CHECK_OK(zk_guard_start_wait_lost(guard, -1, NULL, NULL));
        /* That a wait is under way cannot be seen from outside; whatever the order, all of them end. */
        CHECK_STATUS(zk_guard_wait_lost(guard, 20), ZK_ERR_TIMED_OUT);
        if (by_free) {
            CHECK_OK(zk_guard_free(guard));
        } else {
            CHECK_OK(zk_guard_release(guard, SOON, NULL));
            CHECK_OK(zk_guard_wait_lost(guard, SOON));
        }
        CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
        CHECK(waiter.lost == ZK_OK || (by_free && waiter.lost == ZK_ERR_INVALID_HANDLE));
        CHECK(waiter.doubted == ZK_OK || (by_free && waiter.doubted == ZK_ERR_INVALID_HANDLE));
        CHECK_OK(zk_client_next_completion(world.client, SOON, &done));
        CHECK(done.status == ZK_OK);
        CHECK_OK(zk_result_free(done.result));
        if (!by_free) {
            CHECK_OK(zk_guard_free(guard));
        }
    }
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}

TEST(a_path_with_contenders_that_do_not_see_each_other_is_refused) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    zk_guard *guard = NULL;
    created(world.client, "/lock", "");
    CHECK_OK(zk_client_create(
        world.client, "/lock/0123456789abcdef0123456789abcdef__lock__", ZK_NUL, NULL, 0,
        ZK_EPHEMERAL_SEQUENTIAL, NULL, SOON, NULL));
    CHECK_STATUS(zk_mutex_acquire(mutex, SOON, &guard), ZK_ERR_MIXED_CONTENDERS);
    CHECK_STATUS(zk_mutex_try_acquire(mutex, SOON, &guard), ZK_ERR_MIXED_CONTENDERS);
    CHECK_OK(zk_mutex_free(mutex));
    CHECK_STATUS(zk_mutex_new(world.client, "/", ZK_NUL, &mutex), ZK_ERR_INVALID_PATH);
    CHECK_STATUS(zk_mutex_new(world.client, "lock", ZK_NUL, &mutex), ZK_ERR_INVALID_PATH);
    world_end(&world);
}
