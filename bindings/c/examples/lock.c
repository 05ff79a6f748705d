/* Holds a lock and does its work under it: cc lock.c $(pkg-config --cflags --libs zk_recipes) */
#include <stdio.h>
#include <stdlib.h>
#include <zk_recipes.h>

static void check(zk_status status) {
    if (status != ZK_OK) {
        fprintf(stderr, "%s\n", zk_last_error());
        exit(1);
    }
}

int main(int argc, char **argv) {
    zk_client *client;
    zk_mutex *billing;
    zk_guard *guard;
    check(zk_client_connect(argc > 1 ? argv[1] : "127.0.0.1:2181", ZK_NUL, NULL, 10000, &client));
    check(zk_mutex_new(client, "/locks/billing", ZK_NUL, &billing));
    check(zk_mutex_acquire(billing, 5000, &guard));
    printf("fencing token %llu\n", (unsigned long long)zk_guard_token(guard));
    /* Commits only while the lock is held, whatever clocks and pauses did. */
    check(zk_client_create(
        client, "/locks/bill-", ZK_NUL, "done", 4, ZK_PERSISTENT_SEQUENTIAL, guard, 5000, NULL));
    check(zk_guard_release(guard, 5000, NULL));
    zk_guard_free(guard);
    zk_mutex_free(billing);
    check(zk_client_close(client, 5000));
    zk_client_free(client);
    return 0;
}
