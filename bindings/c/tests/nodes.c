/* Reading and writing nodes, and what failures tell. */
#include "check.h"

TEST(the_header_and_the_library_have_the_same_version) {
    char text[32];
    CHECK(zk_version_number() == ZK_VERSION_NUMBER);
    CHECK(ZK_VERSION_NUMBER == ZK_VERSION_MAJOR * 1000000 + ZK_VERSION_MINOR * 1000 + ZK_VERSION_PATCH);
    snprintf(text, sizeof text, "%d.%d.%d", ZK_VERSION_MAJOR, ZK_VERSION_MINOR, ZK_VERSION_PATCH);
    CHECK(strcmp(text, zk_version()) == 0);
}

TEST(a_node_is_created_read_written_listed_and_deleted) {
    struct world world = world_start();
    zk_client *zk = world.client;
    zk_result *result = NULL;
    zk_stat stat, read;
    const void *data = NULL;
    const char *name = NULL;
    size_t len = 99;
    bool exists = true;

    CHECK_OK(zk_client_exists(zk, "/a", ZK_NUL, SOON, &exists, NULL));
    CHECK(!exists);
    created(zk, "/a", "one");
    /* Paths may come with a length, and data may hold NULs. */
    CHECK_OK(zk_client_set(zk, "/a/b", 2, "t\0o", 3, 0, NULL, SOON, &stat));
    CHECK(stat.version == 1 && stat.data_length == 3 && stat.mzxid > stat.czxid);
    CHECK_OK(zk_client_get(zk, "/a", ZK_NUL, SOON, &result));
    CHECK_OK(zk_result_data(result, &data, &len));
    CHECK(len == 3 && memcmp(data, "t\0o", 3) == 0);
    CHECK_OK(zk_result_stat(result, &read));
    CHECK(read.mzxid == stat.mzxid && read.version == 1);
    CHECK_STATUS(zk_result_path(result, &name), ZK_ERR_MISUSE);
    CHECK_OK(zk_result_free(result));
    CHECK_OK(zk_client_exists(zk, "/a", ZK_NUL, SOON, &exists, &stat));
    CHECK(exists && stat.version == 1);

    created(zk, "/a/x", "");
    CHECK_OK(zk_client_children(zk, "/a", ZK_NUL, SOON, &result));
    CHECK(zk_result_count(result) == 1);
    CHECK_OK(zk_result_name(result, 0, &name));
    CHECK(strcmp(name, "x") == 0);
    CHECK_STATUS(zk_result_name(result, 1, &name), ZK_ERR_MISUSE);
    CHECK_OK(zk_result_free(result));

    CHECK_OK(zk_client_get(zk, "/a/x", ZK_NUL, SOON, &result));
    CHECK_OK(zk_result_data(result, &data, &len));
    CHECK(len == 0);
    CHECK_OK(zk_result_free(result));

    CHECK_OK(zk_client_delete(zk, "/a/x", ZK_NUL, ZK_ANY_VERSION, NULL, SOON));
    CHECK_OK(zk_client_delete(zk, "/a", ZK_NUL, 1, NULL, SOON));
    CHECK(zk_test_server_nodes_below(world.server, "", ZK_NUL) == 0);
    world_end(&world);
}

TEST(all_kinds_of_nodes_are_created_and_a_sequence_number_comes_back) {
    struct world world = world_start();
    zk_result *result = NULL;
    const char *path = NULL;
    zk_stat stat;
    bool exists = false;
    CHECK_OK(zk_client_create(
        world.client, "/s-", ZK_NUL, NULL, 0, ZK_EPHEMERAL_SEQUENTIAL, NULL, SOON, &result));
    CHECK_OK(zk_result_path(result, &path));
    CHECK(strcmp(path, "/s-0000000000") == 0);
    CHECK_OK(zk_client_exists(world.client, path, ZK_NUL, SOON, &exists, &stat));
    CHECK(exists && stat.ephemeral_owner == zk_client_session_id(world.client));
    CHECK_OK(zk_result_free(result));
    CHECK_OK(zk_client_create(world.client, "/e", ZK_NUL, NULL, 0, ZK_EPHEMERAL, NULL, SOON, NULL));
    CHECK_OK(zk_client_create(
        world.client, "/p-", ZK_NUL, NULL, 0, ZK_PERSISTENT_SEQUENTIAL, NULL, SOON, NULL));
    CHECK_OK(zk_client_create(world.client, "/c", ZK_NUL, NULL, 0, ZK_CONTAINER, NULL, SOON, NULL));
    for (int mode = -3; mode < 12; mode += 1) {
        if (mode < ZK_PERSISTENT || mode > ZK_CONTAINER) {
            CHECK_STATUS(
                zk_client_create(world.client, "/no", ZK_NUL, NULL, 0, mode, NULL, SOON, NULL),
                ZK_ERR_MISUSE);
        }
    }
    world_end(&world);
}

TEST(a_failure_tells_code_text_path_server_and_fate) {
    struct world world = world_start();
    zk_client *zk = world.client;
    zk_result *untouched = (zk_result *)&world;
    created(zk, "/a", "");
    created(zk, "/a/b", "");

    CHECK_STATUS(zk_client_get(zk, "/a/none", ZK_NUL, SOON, &untouched), ZK_ERR_NO_NODE);
    CHECK(untouched == (zk_result *)&world);
    CHECK(zk_last_error_status() == ZK_ERR_NO_NODE);
    CHECK(zk_last_error_fate() == ZK_FATE_NOT_APPLIED);
    CHECK(strcmp(zk_last_error_path(), "/a/none") == 0);
    CHECK(strcmp(zk_last_error_server(), world.address) == 0);
    CHECK(says(zk_last_error(), "/a/none"));

    CHECK_STATUS(
        zk_client_create(zk, "/x/y/z", ZK_NUL, NULL, 0, ZK_PERSISTENT, NULL, SOON, NULL), ZK_ERR_NO_NODE);
    /* The nearest ancestor that exists is named. */
    CHECK(says(zk_last_error(), "nearest existing: /"));
    CHECK_STATUS(
        zk_client_create(zk, "/a", ZK_NUL, NULL, 0, ZK_PERSISTENT, NULL, SOON, NULL), ZK_ERR_NODE_EXISTS);
    CHECK_STATUS(zk_client_set(zk, "/a", ZK_NUL, "x", 1, 7, NULL, SOON, NULL), ZK_ERR_BAD_VERSION);
    CHECK_STATUS(zk_client_delete(zk, "/a", ZK_NUL, ZK_ANY_VERSION, NULL, SOON), ZK_ERR_NOT_EMPTY);
    CHECK_STATUS(zk_client_delete(zk, "a", ZK_NUL, ZK_ANY_VERSION, NULL, SOON), ZK_ERR_INVALID_PATH);
    CHECK(says(zk_last_error(), "did you mean /a?"));
    CHECK_STATUS(zk_client_get(zk, "/\xff\xfe", ZK_NUL, SOON, &untouched), ZK_ERR_INVALID_UTF8);

    /* A success leaves the last error as it is. */
    CHECK(data_is(zk, "/a", ""));
    CHECK(zk_last_error_status() == ZK_ERR_INVALID_UTF8);
    world_end(&world);
}

TEST(a_write_whose_answer_was_lost_has_an_unknown_fate_and_a_read_is_asked_again) {
    struct world world = world_start();
    zk_client *zk = world.client;
    bool exists = false;
    for (int applied = 0; applied < 2; applied += 1) {
        CHECK_OK(zk_test_server_cut_at(world.server, OP_CREATE, "/f", ZK_NUL, applied != 0));
        CHECK_STATUS(
            zk_client_create(zk, "/f", ZK_NUL, NULL, 0, ZK_PERSISTENT, NULL, SOON, NULL),
            ZK_ERR_CONNECTION_LOST);
        CHECK(zk_last_error_fate() == ZK_FATE_UNKNOWN);
        CHECK(says(zk_last_error(), "unknown"));
        CHECK_OK(zk_client_exists(zk, "/f", ZK_NUL, SOON, &exists, NULL));
        CHECK(exists == (applied != 0));
    }
    CHECK_OK(zk_test_server_cut_at(world.server, OP_GET, "/f", ZK_NUL, true));
    CHECK(data_is(zk, "/f", ""));
    world_end(&world);
}

TEST(a_deadline_ends_a_call_and_tells_whether_the_request_had_left) {
    struct world world = world_start();
    zk_client *zk = world.client;
    created(zk, "/a", "");
    zk_test_server_hold_commits(world.server, true);
    /* On a busy machine it may not leave in so short a time, and says so; then a longer one is tried. */
    for (int64_t ms = 50;; ms *= 2) {
        uint64_t sent = zk_test_server_requests(world.server, OP_SET);
        CHECK_STATUS(
            zk_client_set(zk, "/a", ZK_NUL, "x", 1, ZK_ANY_VERSION, NULL, ms, NULL), ZK_ERR_TIMED_OUT);
        if (zk_last_error_fate() == ZK_FATE_UNKNOWN) {
            WAIT_UNTIL(zk_test_server_requests(world.server, OP_SET) == sent + 1);
            break;
        }
        CHECK(zk_test_server_requests(world.server, OP_SET) == sent && ms < SOON);
    }
    zk_test_server_hold_commits(world.server, false);
    WAIT_UNTIL(data_is(zk, "/a", "x"));

    zk_test_server_refuse(world.server, true);
    zk_test_server_cut(world.server);
    WAIT_UNTIL(zk_client_state(zk) == ZK_STATE_SUSPENDED);
    CHECK_STATUS(
        zk_client_set(zk, "/a", ZK_NUL, "y", 1, ZK_ANY_VERSION, NULL, 50, NULL), ZK_ERR_TIMED_OUT);
    CHECK(zk_last_error_fate() == ZK_FATE_NOT_APPLIED);
    zk_test_server_refuse(world.server, false);
    CHECK(data_is(zk, "/a", "x"));
    world_end(&world);
}

TEST(connecting_to_nobody_fails_with_a_reason_for_each_server) {
    zk_options *options = NULL;
    zk_client *client = NULL;
    CHECK_OK(zk_options_new(&options));
    CHECK_OK(zk_options_set_fail_fast(options, true));
    CHECK_STATUS(
        zk_client_connect("127.0.0.1:1,127.0.0.1:2", ZK_NUL, options, SOON, &client),
        ZK_ERR_NO_SERVER_REACHABLE);
    CHECK(says(zk_last_error(), "127.0.0.1:1: ") && says(zk_last_error(), "127.0.0.1:2: "));
    CHECK_STATUS(zk_client_connect(":::", ZK_NUL, options, SOON, &client), ZK_ERR_INVALID_CONFIG);
    CHECK_STATUS(zk_options_set_session_timeout(options, 0), ZK_ERR_INVALID_CONFIG);
    CHECK_STATUS(zk_options_set_request_timeout(options, -5), ZK_ERR_INVALID_CONFIG);
    CHECK_OK(zk_options_free(options));
    CHECK_STATUS(zk_client_connect("127.0.0.1:1", ZK_NUL, NULL, 100, &client), ZK_ERR_NO_SERVER_REACHABLE);
    CHECK(client == NULL);
}

TEST(options_reach_the_session) {
    struct world world = world_start();
    zk_options *options = NULL;
    zk_client *client = NULL;
    zk_result *result = NULL;
    CHECK_OK(zk_options_new(&options));
    CHECK_OK(zk_options_set_session_timeout(options, 8000));
    CHECK_OK(zk_options_set_request_timeout(options, 50));
    CHECK_OK(zk_options_set_stop_on_expiry(options, true));
    CHECK_OK(zk_options_add_auth(options, "digest", ZK_NUL, "ann:secret", 10));
    CHECK_OK(zk_client_connect(world.address, ZK_NUL, options, SOON, &client));
    CHECK_OK(zk_options_free(options));
    CHECK(zk_client_state(client) == ZK_STATE_CONNECTED);
    CHECK(zk_client_session_timeout_ms(client) == 8000);

    zk_test_server_hold_commits(world.server, true);
    CHECK_STATUS(
        zk_client_create(client, "/a", ZK_NUL, NULL, 0, ZK_PERSISTENT, NULL, -1, NULL), ZK_ERR_TIMED_OUT);
    zk_test_server_hold_commits(world.server, false);

    CHECK(zk_test_server_expire(world.server, zk_client_session_id(client)));
    WAIT_UNTIL(zk_client_state(client) == ZK_STATE_EXPIRED || zk_client_state(client) == ZK_STATE_CLOSED);
    CHECK(zk_client_get(client, "/a", ZK_NUL, SOON, &result) != ZK_OK);
    CHECK_OK(zk_client_free(client));
    world_end(&world);
}
