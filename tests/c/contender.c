/* Contenders of one lock that keep a ledger, on libzk_recipes. tests/README.md has the protocol. */
#include <zk_recipes.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FOREVER = -1, CLOSE_MS = 20000, TEXT = 256 };

struct contender {
    zk_client *zk;
    pthread_t thread;
    char who[TEXT / 2];
};

static const char *base;
static const char *lock_path;
static bool kazoo;
static atomic_bool ended;

static const char *variable(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(64);
    }
    return value;
}

static void must(zk_status status, const char *what) {
    if (status != ZK_OK) {
        fprintf(stderr, "%s: %s\n", what, zk_last_error());
        exit(1);
    }
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Until when the hold is known to be safe; `known` if nothing is known now. */
static uint64_t safe_until(const zk_guard *guard, uint64_t known) {
    uint64_t asked = now_ns();
    int64_t left = zk_guard_safe_for_ms(guard);
    return left > 0 ? asked + (uint64_t)left * 1000000u : known;
}

static const char *outcome(zk_status status) {
    if (status == ZK_OK) {
        return "done";
    }
    return zk_last_error_fate() == ZK_FATE_NOT_APPLIED ? "not_applied" : "unknown";
}

/* The calls of one hold. Returns until when it was last known to be safe, or 0. */
static uint64_t calls(zk_client *zk, const zk_guard *guard, const char *id) {
    char path[4 * TEXT];
    char text[2 * TEXT];
    char saw[TEXT];
    zk_result *read = NULL;
    snprintf(path, sizeof path, "%s/counter", base);
    if (zk_client_get(zk, path, ZK_NUL, FOREVER, &read) != ZK_OK) {
        fprintf(stderr, "%s: read: %s\n", id, zk_last_error());
        return 0;
    }
    const void *data = NULL;
    size_t len = 0;
    zk_stat stat;
    must(zk_result_data(read, &data, &len), "the counter's data");
    must(zk_result_stat(read, &stat), "the counter's metadata");
    snprintf(saw, sizeof saw, "%.*s", (int)len, (const char *)data);
    must(zk_result_free(read), "a result");
    unsigned long long n = strtoull(saw, NULL, 10) + 1;
    uint64_t token = zk_guard_token(guard);

    uint64_t safe = safe_until(guard, 0);
    int length = snprintf(text, sizeof text, "%llu %s", n, id);
    zk_status added = zk_client_set(
        zk, path, ZK_NUL, text, (size_t)length, ZK_ANY_VERSION, guard, FOREVER, NULL);
    printf("{\"event\":\"call\",\"op\":\"add\",\"id\":\"%s\",\"token\":%" PRIu64 ",\"saw\":\"%s\","
           "\"saw_zxid\":%" PRId64 ",\"n\":%llu,\"outcome\":\"%s\"}\n",
           id, token, saw, stat.mzxid, n, outcome(added));

    safe = safe_until(guard, safe);
    snprintf(path, sizeof path, "%s/marks/%s", base, id);
    length = snprintf(text, sizeof text, "%" PRIu64, token);
    zk_status marked = zk_client_create(
        zk, path, ZK_NUL, text, (size_t)length, ZK_PERSISTENT, guard, FOREVER, NULL);
    printf("{\"event\":\"call\",\"op\":\"mark\",\"id\":\"%s\",\"token\":%" PRIu64
           ",\"outcome\":\"%s\"}\n",
           id, token, outcome(marked));
    return safe_until(guard, safe);
}

static void hold(struct contender *self, zk_mutex *mutex, unsigned long count) {
    zk_guard *guard = NULL;
    if (zk_mutex_acquire(mutex, FOREVER, &guard) != ZK_OK) {
        fprintf(stderr, "%s: acquire: %s\n", self->who, zk_last_error());
        usleep(50000);
        return;
    }
    uint64_t granted = now_ns();
    char id[TEXT];
    snprintf(id, sizeof id, "%s-%lu", self->who, count);
    uint64_t safe = calls(self->zk, guard, id);
    zk_loss loss = zk_guard_loss(guard);
    bool was_held = false;
    zk_status released = zk_guard_release(guard, FOREVER, &was_held);
    const char *end = released == ZK_OK && was_held ? "released" : "unknown";
    if (loss != ZK_LOSS_NONE) {
        end = loss == ZK_LOSS_NODE_DELETED ? "deleted" : "lost";
    }
    char known[32] = "null";
    if (safe != 0) {
        snprintf(known, sizeof known, "%" PRIu64, safe);
    }
    printf("{\"event\":\"hold\",\"who\":\"%s\",\"token\":%" PRIu64 ",\"granted\":%" PRIu64
           ",\"safe_until\":%s,\"end\":\"%s\"}\n",
           self->who, zk_guard_token(guard), granted, known, end);
    zk_guard_free(guard);
}

static void *contend(void *argument) {
    struct contender *self = argument;
    zk_mutex *mutex = NULL;
    must(zk_mutex_new(self->zk, lock_path, ZK_NUL, &mutex), "the lock");
    must(zk_mutex_set_contender(mutex, self->who, ZK_NUL), "the contender's name");
#ifdef HAS_LAYOUTS
    if (kazoo) {
        must(zk_mutex_set_layout(mutex, ZK_LAYOUT_KAZOO), "kazoo's layout");
    }
#endif
    for (unsigned long count = 0; !atomic_load(&ended); count++) {
        hold(self, mutex, count);
    }
    zk_mutex_free(mutex);
    must(zk_client_close(self->zk, CLOSE_MS), "close");
    zk_client_free(self->zk);
    return NULL;
}

int main(void) {
    /* One line at a time, also into a pipe. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *servers = variable("ZK_CONNECT");
    const char *name = variable("ZK_NAME");
    base = variable("ZK_BASE");
    lock_path = variable("ZK_LOCK");
    kazoo = strcmp(variable("ZK_LAYOUT"), "kazoo") == 0;
#ifndef HAS_LAYOUTS
    if (kazoo) {
        fprintf(stderr, "libzk_recipes has no other layout than curator\n");
        return 64;
    }
#endif
    size_t count = strtoul(variable("ZK_CONTENDERS"), NULL, 10);
    struct contender *contenders = calloc(count, sizeof *contenders);
    zk_options *options = NULL;
    must(zk_options_new(&options), "options");
    must(zk_options_set_session_timeout(options, atoll(variable("ZK_SESSION_MS"))), "options");
    for (size_t i = 0; i < count; i++) {
        snprintf(contenders[i].who, sizeof contenders[i].who, "%s-%zu", name, i);
        must(zk_client_connect(servers, ZK_NUL, options, FOREVER, &contenders[i].zk), "connect");
    }
    zk_options_free(options);
    puts("{\"event\":\"ready\"}");
    for (size_t i = 0; i < count; i++) {
        pthread_create(&contenders[i].thread, NULL, contend, &contenders[i]);
    }
    while (getchar() != EOF) {
        /* Nothing is said there; only its end matters. */
    }
    atomic_store(&ended, true);
    for (size_t i = 0; i < count; i++) {
        pthread_join(contenders[i].thread, NULL);
    }
    free(contenders);
    puts("{\"event\":\"end\"}");
    return 0;
}
