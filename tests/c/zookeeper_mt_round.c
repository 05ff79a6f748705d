/*
 * A round of work with ZooKeeper's own C client, multi-threaded: zookeeper_mt_round CONNECT.
 *
 * Prints what it saw, and waits for a line where the test has something to do in between.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#define LIMIT_MS 30000
#define IN_FLIGHT 256
#define ROUNDS 20

/* What callbacks have counted, and the last event. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static int connections, suspensions, answers, fired;
static char last_event[256];

static void fail(const char *what, int code)
{
    printf("failed: %s: %d %s\n", what, code, zerror(code));
    fflush(stdout);
    exit(1);
}

static void check(const char *what, int code, int wanted)
{
    if (code != wanted)
        fail(what, code);
}

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static int read_count(const int *counter)
{
    pthread_mutex_lock(&guard);
    int value = *counter;
    pthread_mutex_unlock(&guard);
    return value;
}

static void count(int *counter)
{
    pthread_mutex_lock(&guard);
    ++*counter;
    pthread_mutex_unlock(&guard);
}

static void until(const char *what, const int *counter, int wanted)
{
    for (int ms = 0; read_count(counter) < wanted; ms += 5) {
        if (ms > LIMIT_MS)
            fail(what, read_count(counter));
        usleep(5000);
    }
}

static void on_session(zhandle_t *zk, int type, int state, const char *path, void *context)
{
    (void)zk, (void)path, (void)context;
    if (type != ZOO_SESSION_EVENT)
        return;
    if (state == ZOO_CONNECTED_STATE)
        count(&connections);
    else if (state == ZOO_CONNECTING_STATE)
        count(&suspensions);
}

static void on_node(zhandle_t *zk, int type, int state, const char *path, void *context)
{
    (void)zk, (void)state;
    if (type == ZOO_SESSION_EVENT)
        return;
    const char *name = type == ZOO_CREATED_EVENT   ? "created"
                       : type == ZOO_DELETED_EVENT ? "deleted"
                       : type == ZOO_CHANGED_EVENT ? "changed"
                       : type == ZOO_CHILD_EVENT   ? "child"
                                                   : "unknown";
    pthread_mutex_lock(&guard);
    snprintf(last_event, sizeof last_event, "%s %s %s", (const char *)context, name, path);
    fired++;
    pthread_mutex_unlock(&guard);
}

static void expect_event(const char *wanted, int number)
{
    until(wanted, &fired, number);
    pthread_mutex_lock(&guard);
    int same = strcmp(last_event, wanted) == 0;
    pthread_mutex_unlock(&guard);
    if (!same || read_count(&fired) != number)
        fail(last_event, read_count(&fired));
    say("event: %s", wanted);
}

static void on_data(int rc, const char *value, int length, const struct Stat *stat, const void *data)
{
    (void)stat, (void)data;
    if (rc == ZOK && length == 5 && memcmp(value, "first", 5) == 0)
        count(&answers);
}

/* Waits until everything that the client has received so far has been called back: that is done in order. */
static void drain(zhandle_t *zk)
{
    int before = read_count(&answers);
    check("aget", zoo_aget(zk, "/c", 0, on_data, NULL), ZOK);
    until("the answer", &answers, before + 1);
}

static void forget_events(zhandle_t *one, zhandle_t *two)
{
    drain(one);
    drain(two);
    pthread_mutex_lock(&guard);
    fired = 0;
    pthread_mutex_unlock(&guard);
}

static zhandle_t *open_client(const char *servers)
{
    int before = read_count(&connections);
    zhandle_t *zk = zookeeper_init(servers, on_session, 10000, NULL, NULL, 0);
    if (zk == NULL)
        fail("zookeeper_init", ZSYSTEMERROR);
    until("a connection", &connections, before + 1);
    return zk;
}

static void nodes(zhandle_t *zk)
{
    char path[128], data[64];
    int length = sizeof data;
    struct Stat stat;
    struct String_vector children;
    check("create", zoo_create(zk, "/c", "first", 5, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path), ZOK);
    check("create again", zoo_create(zk, "/c", "x", 1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZNODEEXISTS);
    check("create2", zoo_create2(zk, "/c/item-", "i", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, path, sizeof path, &stat), ZOK);
    if (strcmp(path, "/c/item-0000000000") != 0 || stat.version != 0)
        fail(path, ZINVALIDSTATE);
    check("create ephemeral", zoo_create(zk, "/c/here", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0), ZOK);
    check("get", zoo_get(zk, "/c", 0, data, &length, &stat), ZOK);
    if (length != 5 || memcmp(data, "first", 5) != 0 || stat.numChildren != 2)
        fail("the data", length);
    check("set of another version", zoo_set(zk, "/c", "x", 1, 7), ZBADVERSION);
    check("get_children2", zoo_get_children2(zk, "/c", 0, &children, &stat), ZOK);
    if (children.count != 2)
        fail("the children", children.count);
    deallocate_String_vector(&children);
    say("nodes: made, read, refused");

    for (int n = 0; n < IN_FLIGHT; n++)
        check("aget", zoo_aget(zk, "/c", 0, on_data, NULL), ZOK);
    until("the answers", &answers, IN_FLIGHT);
    say("answers: %d of %d", read_count(&answers), IN_FLIGHT);
}

static void multi(zhandle_t *zk)
{
    zoo_op_t ops[3];
    zoo_op_result_t results[3];
    char path[64];
    struct Stat stat;
    zoo_create_op_init(&ops[0], "/c/m", "m", 1, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path);
    zoo_set_op_init(&ops[1], "/c/m", "n", 1, 0, &stat);
    zoo_delete_op_init(&ops[2], "/c/item-0000000000", 9);
    check("multi", zoo_multi(zk, 3, ops, results), ZBADVERSION);
    if (results[0].err != ZOK || results[1].err != ZOK || results[2].err != ZBADVERSION)
        fail("the results of a failed multi", results[2].err);
    check("exists after a failed multi", zoo_exists(zk, "/c/m", 0, NULL), ZNONODE);
    zoo_delete_op_init(&ops[2], "/c/item-0000000000", 0);
    check("multi", zoo_multi(zk, 3, ops, results), ZOK);
    check("exists after a multi", zoo_exists(zk, "/c/m", 0, &stat), ZOK);
    say("multi: all or nothing, version %d", stat.version);
}

static void acls(zhandle_t *zk, zhandle_t *other)
{
    char data[64];
    int length = sizeof data;
    check("add_auth", zoo_add_auth(zk, "digest", "alice:pass", 10, NULL, NULL), ZOK);
    check("create guarded", zoo_create(zk, "/c/guarded", "g", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0), ZOK);
    check("get as somebody else", zoo_get(other, "/c/guarded", 0, data, &length, NULL), ZNOAUTH);
    struct ACL_vector acl;
    struct Stat stat;
    check("get_acl", zoo_get_acl(zk, "/c/guarded", &acl, &stat), ZOK);
    if (acl.count != 1 || strncmp(acl.data[0].id.id, "alice:", 6) != 0)
        fail("the ACL", acl.count);
    deallocate_ACL_vector(&acl);
    say("acl: guarded");
}

/* The lock of the recipe, with a watch on the one before. Returns the number. */
static void acquire(zhandle_t *zk, char *path, int size)
{
    check("create in line", zoo_create(zk, "/c/lock/n-", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL | ZOO_SEQUENCE, path, size), ZOK);
    const char *own = strrchr(path, '/') + 1;
    for (;;) {
        struct String_vector line;
        check("the line", zoo_get_children(zk, "/c/lock", 0, &line), ZOK);
        char before[64] = "";
        for (int n = 0; n < line.count; n++)
            if (strcmp(line.data[n], own) < 0 && strcmp(line.data[n], before) > 0)
                snprintf(before, sizeof before, "%s", line.data[n]);
        deallocate_String_vector(&line);
        if (before[0] == '\0')
            return;
        char watched[128];
        snprintf(watched, sizeof watched, "/c/lock/%s", before);
        int seen = read_count(&fired);
        int code = zoo_wexists(zk, watched, on_node, "lock", NULL);
        if (code == ZOK)
            until("the one before to leave", &fired, seen + 1);
        else
            check("exists before", code, ZNONODE);
    }
}

static int inside, most;

static void *contend(void *context)
{
    zhandle_t *zk = context;
    for (int round = 0; round < ROUNDS; round++) {
        char path[128], data[16];
        int length = sizeof data - 1;
        acquire(zk, path, sizeof path);
        count(&inside);
        pthread_mutex_lock(&guard);
        most = inside > most ? inside : most;
        pthread_mutex_unlock(&guard);
        check("read the counter", zoo_get(zk, "/c/counter", 0, data, &length, NULL), ZOK);
        data[length] = '\0';
        int next = snprintf(data, sizeof data, "%d", atoi(data) + 1);
        check("write the counter", zoo_set(zk, "/c/counter", data, next, -1), ZOK);
        pthread_mutex_lock(&guard);
        inside--;
        pthread_mutex_unlock(&guard);
        check("leave", zoo_delete(zk, path, -1), ZOK);
    }
    return NULL;
}

static void locks(zhandle_t *one, zhandle_t *two)
{
    char data[16] = "";
    int length = sizeof data - 1;
    check("create lock", zoo_create(one, "/c/lock", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZOK);
    check("create counter", zoo_create(one, "/c/counter", "0", 1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZOK);
    pthread_t other;
    pthread_create(&other, NULL, contend, two);
    contend(one);
    pthread_join(other, NULL);
    check("get counter", zoo_get(one, "/c/counter", 0, data, &length, NULL), ZOK);
    data[length] = '\0';
    say("counted %s of %d, at most %d at a time", data, 2 * ROUNDS, most);
    check("delete lock", zoo_delete(one, "/c/lock", -1), ZOK);
    check("delete counter", zoo_delete(one, "/c/counter", -1), ZOK);
}

static void watches(zhandle_t *watcher, zhandle_t *writer)
{
    forget_events(watcher, writer);
    check("watch absence", zoo_wexists(watcher, "/c/new", on_node, "exists", NULL), ZNONODE);
    check("create new", zoo_create(writer, "/c/new", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZOK);
    expect_event("exists created /c/new", 1);
    char data[64];
    int length = sizeof data;
    struct String_vector children;
    check("watch data", zoo_wget(watcher, "/c/new", on_node, "get", data, &length, NULL), ZOK);
    check("set new", zoo_set(writer, "/c/new", "v", 1, -1), ZOK);
    expect_event("get changed /c/new", 2);
    check("watch children", zoo_wget_children(watcher, "/c/new", on_node, "children", &children), ZOK);
    deallocate_String_vector(&children);
    check("create below", zoo_create(writer, "/c/new/a", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZOK);
    expect_event("children child /c/new", 3);
    length = sizeof data;
    check("watch to be removed", zoo_wget(watcher, "/c/m", on_node, "removed", data, &length, NULL), ZOK);
    check("remove_watches", zoo_remove_watches(watcher, "/c/m", ZWATCHTYPE_DATA, on_node, "removed", 0), ZOK);
    check("set unwatched", zoo_set(writer, "/c/m", "v", 1, -1), ZOK);
    drain(watcher);
    check("events", read_count(&fired), 3);
    say("a removed watch is silent");
}

static void across_a_cut(zhandle_t *watcher, zhandle_t *writer)
{
    char data[64];
    int length = sizeof data;
    forget_events(watcher, writer);
    pthread_mutex_lock(&guard);
    suspensions = 0;
    int before = connections;
    pthread_mutex_unlock(&guard);
    check("watch across", zoo_wget(watcher, "/c/new", on_node, "across", data, &length, NULL), ZOK);
    clientid_t id = *zoo_client_id(watcher);
    say("watching, session %lld", (long long)id.client_id);
    char line[16];
    if (fgets(line, sizeof line, stdin) == NULL)
        fail("no line", ZSYSTEMERROR);
    until("both cuts", &suspensions, 2);
    until("both connections", &connections, before + 2);
    if (zoo_client_id(watcher)->client_id != id.client_id)
        fail("another session", ZSESSIONEXPIRED);
    check("the ephemeral node", zoo_exists(watcher, "/c/here", 0, NULL), ZOK);
    check("guarded after the cut", zoo_exists(watcher, "/c/guarded", 0, NULL), ZOK);
    length = sizeof data;
    check("get guarded", zoo_get(watcher, "/c/guarded", 0, data, &length, NULL), ZOK);
    check("set across", zoo_set(writer, "/c/new", "w", 1, -1), ZOK);
    expect_event("across changed /c/new", 1);
    say("the same session after the cut");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: zookeeper_mt_round CONNECT\n");
        return 64;
    }
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    zhandle_t *one = open_client(argv[1]);
    zhandle_t *two = open_client(argv[1]);
    nodes(one);
    multi(one);
    acls(one, two);
    locks(one, two);
    watches(one, two);
    across_a_cut(one, two);
    const char *left[] = {"/c/guarded", "/c/m", "/c/new/a", "/c/new"};
    for (size_t n = 0; n < sizeof left / sizeof *left; n++)
        check(left[n], zoo_delete(one, left[n], -1), ZOK);
    check("close", zookeeper_close(one), ZOK);
    /* The ephemeral node went with its session. */
    check("delete", zoo_delete(two, "/c", -1), ZOK);
    check("close", zookeeper_close(two), ZOK);
    say("done");
    return 0;
}
