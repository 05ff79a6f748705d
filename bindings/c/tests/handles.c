/* What a program can do wrong with handles, and at the border of the library. */
#include "check.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Started with an address it takes a lock there, starts what would wait for ever, and just ends. */
int check_other_role(int argc, char **argv) {
    if (argc != 3 || strcmp(argv[1], "leave") != 0) {
        return -1;
    }
    struct world world = {NULL, argv[2], NULL};
    zk_client *zk = world_client(&world, 0);
    zk_mutex *mutex = mutex_at(zk, "/lock");
    zk_guard *guard = acquired(mutex);
    CHECK_OK(zk_guard_start_wait_lost(guard, -1, NULL, NULL));
    CHECK_OK(zk_mutex_start_acquire(mutex, -1, NULL, NULL));
    return 5;
}

TEST(a_program_may_end_without_freeing_anything) {
    struct world world = world_start();
    int end = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(check_program, check_program, "leave", world.address, (char *)NULL);
        _exit(127);
    }
    CHECK(child > 0 && waitpid(child, &end, 0) == child);
    CHECK(WIFEXITED(end) && WEXITSTATUS(end) == 5);
    /* What it held goes with its session. */
    CHECK(zk_test_server_sessions(world.server) == 2);
    CHECK(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) >= 1);
    world_end(&world);
}

TEST(freeing_null_is_allowed) {
    CHECK_OK(zk_options_free(NULL));
    CHECK_OK(zk_client_free(NULL));
    CHECK_OK(zk_mutex_free(NULL));
    CHECK_OK(zk_guard_free(NULL));
    CHECK_OK(zk_result_free(NULL));
}

TEST(a_stale_handle_is_an_error_in_every_function) {
    struct world world = world_start();
    zk_client *zk = world_client(&world, 0);
    zk_mutex *mutex = mutex_at(zk, "/lock");
    zk_guard *guard = acquired(mutex);
    zk_options *options = NULL;
    zk_result *result = NULL;
    zk_result *out = NULL;
    zk_guard *out_guard = NULL;
    zk_mutex *out_mutex = NULL;
    zk_completion completion;
    zk_contender contender;
    zk_stat stat;
    const void *data = NULL;
    const char *text = NULL;
    size_t len = 0;
    bool yes = false;
    zk_status stale = ZK_ERR_INVALID_HANDLE;
    CHECK_OK(zk_options_new(&options));
    CHECK_OK(zk_client_get(zk, "/", ZK_NUL, SOON, &result));

    /* Twice: the second free is an error as well, in any order. */
    for (int round = 0; round < 2; round += 1) {
        zk_status wanted = round == 0 ? ZK_OK : stale;
        CHECK_STATUS(zk_client_free(zk), wanted);
        CHECK_STATUS(zk_result_free(result), wanted);
        CHECK_STATUS(zk_guard_free(guard), wanted);
        CHECK_STATUS(zk_mutex_free(mutex), wanted);
        CHECK_STATUS(zk_options_free(options), wanted);
    }
    CHECK(says(zk_last_error(), "freed"));

    CHECK_STATUS(zk_options_set_session_timeout(options, 1), stale);
    CHECK_STATUS(zk_options_set_request_timeout(options, 1), stale);
    CHECK_STATUS(zk_options_set_fail_fast(options, true), stale);
    CHECK_STATUS(zk_options_set_stop_on_expiry(options, true), stale);
    CHECK_STATUS(zk_options_add_auth(options, "a", 1, "b", 1), stale);
    CHECK_STATUS(zk_options_add_tls_ca_file(options, "a", 1), stale);
    CHECK_STATUS(zk_options_add_tls_ca_pem(options, "a", 1), stale);
    CHECK_STATUS(zk_options_add_tls_crl_file(options, "a", 1), stale);
    CHECK_STATUS(zk_options_add_tls_crl_pem(options, "a", 1), stale);
    CHECK_STATUS(zk_options_set_tls_cert_files(options, "a", 1, "b", 1), stale);
    CHECK_STATUS(zk_options_set_tls_cert_pem(options, "a", 1, "b", 1), stale);
    CHECK_STATUS(zk_options_set_dangerous_accept_any_host_name(options), stale);
    CHECK_STATUS(zk_options_set_dangerous_accept_any_certificate(options), stale);
    CHECK_STATUS(zk_options_set_sasl(options, "a", 1, "b", 1), stale);
    CHECK_STATUS(zk_client_connect(world.address, ZK_NUL, options, SOON, &zk), stale);

    CHECK_STATUS(zk_client_close(zk, SOON), stale);
    CHECK(zk_client_state(zk) == ZK_STATE_UNKNOWN);
    CHECK(zk_client_session_id(zk) == 0 && zk_client_session_timeout_ms(zk) == 0);
    CHECK(zk_client_poll_fd(zk) == -1);
    CHECK_STATUS(zk_client_next_completion(zk, SOON, &completion), stale);
    CHECK_STATUS(zk_client_cancel(zk, 1, NULL), stale);
    CHECK_STATUS(zk_client_get(zk, "/", ZK_NUL, SOON, &out), stale);
    CHECK_STATUS(zk_client_start_get(zk, "/", ZK_NUL, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_client_exists(zk, "/", ZK_NUL, SOON, &yes, &stat), stale);
    CHECK_STATUS(zk_client_start_exists(zk, "/", ZK_NUL, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_client_children(zk, "/", ZK_NUL, SOON, &out), stale);
    CHECK_STATUS(zk_client_start_children(zk, "/", ZK_NUL, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_client_create(zk, "/a", ZK_NUL, NULL, 0, 0, NULL, SOON, NULL), stale);
    CHECK_STATUS(zk_client_start_create(zk, "/a", ZK_NUL, NULL, 0, 0, NULL, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_client_set(zk, "/a", ZK_NUL, NULL, 0, -1, NULL, SOON, NULL), stale);
    CHECK_STATUS(zk_client_start_set(zk, "/a", ZK_NUL, NULL, 0, -1, NULL, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_client_delete(zk, "/a", ZK_NUL, -1, NULL, SOON), stale);
    CHECK_STATUS(zk_client_start_delete(zk, "/a", ZK_NUL, -1, NULL, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_mutex_new(zk, "/lock", ZK_NUL, &out_mutex), stale);

    CHECK_STATUS(zk_mutex_set_contender(mutex, "a", 1), stale);
    CHECK_STATUS(zk_mutex_set_layout(mutex, ZK_LAYOUT_KAZOO), stale);
    CHECK_STATUS(zk_mutex_acquire(mutex, SOON, &out_guard), stale);
    CHECK_STATUS(zk_mutex_start_acquire(mutex, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_mutex_try_acquire(mutex, SOON, &out_guard), stale);
    CHECK_STATUS(zk_mutex_start_try_acquire(mutex, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_mutex_contenders(mutex, SOON, &out), stale);
    CHECK_STATUS(zk_mutex_start_contenders(mutex, SOON, NULL, NULL), stale);

    CHECK(zk_guard_token(guard) == 0 && zk_guard_path(guard) == NULL && zk_guard_node(guard) == NULL);
    CHECK(!zk_guard_is_held(guard) && !zk_guard_is_safe(guard) && zk_guard_safe_for_ms(guard) == 0);
    CHECK(zk_guard_loss(guard) == ZK_LOSS_OTHER);
    CHECK_STATUS(zk_guard_wait_lost(guard, SOON), stale);
    CHECK_STATUS(zk_guard_start_wait_lost(guard, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_guard_wait_doubted(guard, SOON), stale);
    CHECK_STATUS(zk_guard_start_wait_doubted(guard, SOON, NULL, NULL), stale);
    CHECK_STATUS(zk_guard_release(guard, SOON, &yes), stale);
    CHECK_STATUS(zk_guard_start_release(guard, SOON, NULL, NULL), stale);
    /* A write with a fence that is gone is not made. */
    CHECK_STATUS(
        zk_client_create(world.client, "/a", ZK_NUL, NULL, 0, 0, guard, SOON, NULL), stale);

    CHECK_STATUS(zk_result_status(result), stale);
    CHECK_STATUS(zk_result_data(result, &data, &len), stale);
    CHECK_STATUS(zk_result_stat(result, &stat), stale);
    CHECK_STATUS(zk_result_exists(result, &yes), stale);
    CHECK_STATUS(zk_result_path(result, &text), stale);
    CHECK(zk_result_count(result) == 0);
    CHECK_STATUS(zk_result_name(result, 0, &text), stale);
    CHECK_STATUS(zk_result_contender(result, 0, &contender), stale);
    CHECK_STATUS(zk_result_take_guard(result, &out_guard), stale);
    CHECK_STATUS(zk_result_was_held(result, &yes), stale);

    CHECK(out == NULL && out_guard == NULL && out_mutex == NULL && data == NULL && text == NULL && !yes);
    WAIT_UNTIL(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 0);
    world_end(&world);
}

TEST(null_and_foreign_and_made_up_handles_are_errors) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    zk_guard *guard = NULL;
    zk_result *result = NULL;
    char on_the_stack = 0;
    void *on_the_heap = malloc(16);
    void *foreign[] = {mutex, &on_the_stack, on_the_heap, (void *)1, (void *)(uintptr_t)-1};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i += 1) {
        CHECK_STATUS(zk_client_get(foreign[i], "/", ZK_NUL, SOON, &result), ZK_ERR_INVALID_HANDLE);
        CHECK_STATUS(zk_client_free(foreign[i]), ZK_ERR_INVALID_HANDLE);
        CHECK_STATUS(zk_guard_release(foreign[i], SOON, NULL), ZK_ERR_INVALID_HANDLE);
    }
    free(on_the_heap);
    CHECK_STATUS(zk_mutex_acquire((zk_mutex *)world.client, SOON, &guard), ZK_ERR_INVALID_HANDLE);
    CHECK_STATUS(zk_client_get(NULL, "/", ZK_NUL, SOON, &result), ZK_ERR_NULL_ARGUMENT);
    CHECK_STATUS(zk_mutex_acquire(NULL, SOON, &guard), ZK_ERR_NULL_ARGUMENT);
    CHECK_STATUS(zk_mutex_free(mutex), ZK_OK);
    world_end(&world);
}

TEST(null_arguments_are_errors_before_anything_is_done) {
    struct world world = world_start();
    zk_client *zk = world.client;
    zk_mutex *mutex = mutex_at(zk, "/lock");
    zk_result *result = NULL;
    zk_status null = ZK_ERR_NULL_ARGUMENT;
    CHECK_STATUS(zk_options_new(NULL), null);
    CHECK_STATUS(zk_client_connect(NULL, ZK_NUL, NULL, SOON, &zk), null);
    CHECK_STATUS(zk_client_connect(world.address, ZK_NUL, NULL, SOON, NULL), null);
    CHECK_STATUS(zk_client_get(zk, NULL, ZK_NUL, SOON, &result), null);
    CHECK_STATUS(zk_client_get(zk, NULL, 3, SOON, &result), null);
    CHECK_STATUS(zk_client_get(zk, "/", ZK_NUL, SOON, NULL), null);
    CHECK_STATUS(zk_client_create(zk, "/a", ZK_NUL, NULL, 3, 0, NULL, SOON, NULL), null);
    CHECK_STATUS(zk_client_next_completion(zk, 0, NULL), null);
    CHECK_STATUS(zk_mutex_new(zk, "/lock", ZK_NUL, NULL), null);
    CHECK_STATUS(zk_mutex_acquire(mutex, SOON, NULL), null);
    CHECK_STATUS(zk_mutex_try_acquire(mutex, SOON, NULL), null);
    CHECK(says(zk_last_error(), "guard must not be NULL"));
    CHECK(zk_test_server_nodes_below(world.server, "", ZK_NUL) == 0);
    /* NULL with length 0 is an empty text, which is no path. */
    CHECK_STATUS(zk_client_get(zk, NULL, 0, SOON, &result), ZK_ERR_INVALID_PATH);
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}

TEST(a_panic_stops_at_the_border) {
    CHECK_STATUS(zk_test_panic(), ZK_ERR_PANIC);
    CHECK(zk_last_error_fate() == ZK_FATE_UNKNOWN);
    CHECK(says(zk_last_error(), "please report it: asked to"));
    CHECK_OK(zk_client_free(NULL));
}

TEST(t20_a_forked_child_gets_an_error_and_does_no_harm) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    zk_guard *guard = acquired(mutex);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        zk_client *client = NULL;
        zk_options *options = NULL;
        bool refused = zk_guard_release(guard, SOON, NULL) == ZK_ERR_FORKED
            && zk_guard_free(guard) == ZK_ERR_FORKED
            && zk_client_close(world.client, SOON) == ZK_ERR_FORKED
            && zk_client_free(world.client) == ZK_ERR_FORKED
            && zk_client_connect(world.address, ZK_NUL, NULL, SOON, &client) == ZK_ERR_FORKED
            && zk_options_new(&options) == ZK_ERR_FORKED && !zk_guard_is_held(guard)
            && says(zk_last_error(), "fork first") && zk_version_number() == ZK_VERSION_NUMBER;
        /* Not exit: a leak checker would look for what belongs to threads that are not here. And so exec is shown. */
        execl("/bin/sh", "sh", "-c", refused ? "exit 7" : "exit 1", (char *)NULL);
        _exit(127);
    }
    int end = 0;
    CHECK(child > 0 && waitpid(child, &end, 0) == child);
    CHECK(WIFEXITED(end) && WEXITSTATUS(end) == 7);
    CHECK(zk_guard_is_held(guard));
    CHECK_OK(zk_client_set(world.client, "/lock", ZK_NUL, "x", 1, -1, guard, SOON, NULL));
    CHECK_OK(zk_guard_release(guard, SOON, NULL));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}
