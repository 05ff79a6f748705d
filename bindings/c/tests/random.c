/* Random calls of everything, with handles of all kinds and states, from several threads. Nothing may crash, hang, leak
 * or stay behind. ZK_RANDOM_CALLS sets how many calls, ZK_RANDOM_SEED repeats a run as far as threads allow. */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 4, KEPT = 24, KINDS = 5, SHORT = 4 };

/* What the threads share: handles of all kinds, good, freed, of another type, and nonsense. */
struct pool {
    pthread_mutex_t lock;
    void *handles[KINDS][KEPT];
};

enum kind { OPTIONS, CLIENT, MUTEX, GUARD, RESULT };

struct chaos {
    const struct world *world;
    struct pool *pool;
    uint64_t random;
    long calls;
    long by_status[2];
};

static uint64_t draw(struct chaos *c, uint64_t below) {
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (c->random >> 11) % below;
}

static void put(struct chaos *c, enum kind kind, void *handle) {
    pthread_mutex_lock(&c->pool->lock);
    void **place = &c->pool->handles[kind][draw(c, KEPT)];
    void *old = *place;
    *place = handle;
    pthread_mutex_unlock(&c->pool->lock);
    /* Freed, and still in use elsewhere; or freed long ago. */
    switch (kind) {
    case OPTIONS:
        zk_options_free(old);
        break;
    case CLIENT:
        zk_client_free(old);
        break;
    case MUTEX:
        zk_mutex_free(old);
        break;
    case GUARD:
        zk_guard_free(old);
        break;
    case RESULT:
        zk_result_free(old);
        break;
    }
}

static void *any(struct chaos *c, enum kind kind) {
    switch (draw(c, 40)) {
    case 0:
        return NULL;
    case 1:
        return (void *)(uintptr_t)c->random;
    case 2:
        return c;
    case 3:
        kind = (enum kind)draw(c, KINDS);
        break;
    }
    pthread_mutex_lock(&c->pool->lock);
    void *handle = c->pool->handles[kind][draw(c, KEPT)];
    pthread_mutex_unlock(&c->pool->lock);
    return handle;
}

static int64_t deadline(struct chaos *c) {
    return (int64_t)draw(c, SHORT);
}

struct text {
    const char *start;
    size_t len;
};

static struct text path(struct chaos *c) {
    static const struct text texts[] = {
        {"/a", ZK_NUL}, {"/a", ZK_NUL},      {"/b", ZK_NUL}, {"/b/c", ZK_NUL}, {"/b/d", ZK_NUL},
        {"/", ZK_NUL},  {"/lock", ZK_NUL},   {"/lock", 5},   {"/a", 1},        {NULL, ZK_NUL},
        {NULL, 0},      {"\xff/\xc0", ZK_NUL}, {"", 0},      {"a/b", ZK_NUL},  {"//", ZK_NUL},
        {"/n\0n", 4},   {"/s-", ZK_NUL},
    };
    return texts[draw(c, sizeof texts / sizeof *texts)];
}

static struct text bytes(struct chaos *c) {
    static const char data[3000];
    struct text none = {NULL, draw(c, 2) * 5};
    struct text some = {data, draw(c, sizeof data)};
    return draw(c, 10) == 0 ? none : some;
}

/* What only a guard or NULL should be. */
static void *fence(struct chaos *c) {
    return draw(c, 2) == 0 ? NULL : any(c, GUARD);
}

static const void *UNTOUCHED = &UNTOUCHED;

/* Keeps a handle that came back, and checks that failures bring none. */
static zk_status keep(struct chaos *c, enum kind kind, zk_status status, void *out) {
    if (status != ZK_OK) {
        CHECK(out == (void *)&UNTOUCHED);
    } else if (out != (void *)&UNTOUCHED && out != NULL) {
        put(c, kind, out);
    }
    return status;
}

static zk_status take(struct chaos *c) {
    zk_completion done;
    zk_status status = zk_client_next_completion(any(c, CLIENT), deadline(c), &done);
    if (status == ZK_OK && done.result != NULL) {
        put(c, RESULT, done.result);
    }
    return status;
}

static zk_status look(struct chaos *c) {
    zk_result *result = any(c, RESULT);
    zk_guard *guard = (void *)&UNTOUCHED;
    zk_contender contender;
    zk_stat stat;
    const void *data = NULL;
    const char *text = NULL;
    size_t len = 0;
    bool yes = false;
    switch (draw(c, 9)) {
    case 0:
        return zk_result_status(result);
    case 1:
        return zk_result_data(result, draw(c, 20) == 0 ? NULL : &data, &len);
    case 2:
        return zk_result_stat(result, &stat);
    case 3:
        return zk_result_exists(result, &yes);
    case 4:
        return zk_result_path(result, &text);
    case 5:
        return zk_result_name(result, draw(c, 3), &text);
    case 6:
        return zk_result_contender(result, draw(c, 3), &contender);
    case 7:
        return zk_result_was_held(result, &yes);
    default: {
        zk_status status = zk_result_take_guard(result, &guard);
        return keep(c, GUARD, status, guard);
    }
    }
}

static zk_status ask(struct chaos *c) {
    zk_client *zk = any(c, CLIENT);
    zk_guard *guard = any(c, GUARD);
    switch (draw(c, 12)) {
    case 0:
        (void)zk_client_state(zk);
        break;
    case 1:
        (void)zk_client_session_id(zk);
        break;
    case 2:
        (void)zk_client_session_timeout_ms(zk);
        break;
    case 3:
        (void)zk_client_poll_fd(zk);
        break;
    case 4:
        (void)zk_guard_token(guard);
        break;
    case 5:
        (void)zk_guard_is_held(guard);
        break;
    case 6:
        (void)zk_guard_is_safe(guard);
        break;
    case 7:
        (void)zk_guard_safe_for_ms(guard);
        break;
    case 8:
        (void)zk_guard_loss(guard);
        break;
    case 9:
        (void)zk_result_count(any(c, RESULT));
        break;
    case 10:
        /* What the pointers point to may be freed at any moment by another thread: not followed. */
        (void)zk_guard_path(guard);
        (void)zk_guard_node(guard);
        break;
    default:
        (void)strlen(zk_last_error());
        (void)strlen(zk_last_error_path());
        (void)strlen(zk_last_error_server());
        (void)zk_last_error_fate();
    }
    return zk_last_error_status();
}

static zk_status start(struct chaos *c) {
    zk_client *zk = any(c, CLIENT);
    zk_mutex *mutex = any(c, MUTEX);
    struct text at = path(c);
    struct text data = bytes(c);
    uint64_t number = 0;
    int64_t until = draw(c, 3) == 0 ? -1 : deadline(c);
    switch (draw(c, 14)) {
    case 0:
        return zk_client_start_get(zk, at.start, at.len, until, c, &number);
    case 1:
        return zk_client_start_exists(zk, at.start, at.len, until, c, NULL);
    case 2:
        return zk_client_start_children(zk, at.start, at.len, until, c, &number);
    case 3:
        return zk_client_start_create(
            zk, at.start, at.len, data.start, data.len, (int32_t)draw(c, 7), fence(c), until, c, &number);
    case 4:
        return zk_client_start_set(
            zk, at.start, at.len, data.start, data.len, -1, fence(c), until, NULL, &number);
    case 5:
        return zk_client_start_delete(zk, at.start, at.len, -1, fence(c), until, NULL, NULL);
    case 6:
        return zk_mutex_start_acquire(mutex, deadline(c), c, &number);
    case 7:
        return zk_mutex_start_try_acquire(mutex, until, c, &number);
    case 8:
        return zk_mutex_start_contenders(mutex, until, c, &number);
    case 9:
        return zk_guard_start_wait_lost(any(c, GUARD), until, c, &number);
    case 10:
        return zk_guard_start_wait_doubted(any(c, GUARD), until, c, &number);
    case 11:
        return zk_guard_start_release(any(c, GUARD), until, c, &number);
    default:
        return zk_client_cancel(zk, draw(c, 200), NULL);
    }
}

static zk_status wait(struct chaos *c) {
    zk_client *zk = any(c, CLIENT);
    zk_mutex *mutex = any(c, MUTEX);
    zk_guard *guard = any(c, GUARD);
    struct text at = path(c);
    struct text data = bytes(c);
    void *out = (void *)&UNTOUCHED;
    bool yes = false;
    switch (draw(c, 12)) {
    case 0: {
        zk_status status = zk_client_get(zk, at.start, at.len, deadline(c), (zk_result **)&out);
        return keep(c, RESULT, status, out);
    }
    case 1:
        return zk_client_exists(zk, at.start, at.len, deadline(c), &yes, NULL);
    case 2: {
        zk_status status = zk_client_children(zk, at.start, at.len, deadline(c), (zk_result **)&out);
        return keep(c, RESULT, status, out);
    }
    case 3: {
        zk_status status = zk_client_create(
            zk, at.start, at.len, data.start, data.len, (int32_t)draw(c, 7), fence(c), deadline(c),
            (zk_result **)&out);
        return keep(c, RESULT, status, out);
    }
    case 4:
        return zk_client_set(
            zk, at.start, at.len, data.start, data.len, -1, fence(c), deadline(c), NULL);
    case 5:
        return zk_client_delete(zk, at.start, at.len, -1, fence(c), deadline(c));
    case 6: {
        zk_status status = zk_mutex_acquire(mutex, deadline(c), (zk_guard **)&out);
        return keep(c, GUARD, status, out);
    }
    case 7: {
        zk_status status = zk_mutex_try_acquire(mutex, deadline(c), (zk_guard **)&out);
        return keep(c, GUARD, status, out);
    }
    case 8: {
        zk_status status = zk_mutex_contenders(mutex, deadline(c), (zk_result **)&out);
        return keep(c, RESULT, status, out);
    }
    case 9:
        return zk_guard_wait_lost(guard, deadline(c));
    case 10:
        return zk_guard_wait_doubted(guard, deadline(c));
    default:
        return zk_guard_release(guard, deadline(c), &yes);
    }
}

/* What leaves options without TLS, with which no connection would come about. */
static zk_status protect(struct chaos *c) {
    switch (draw(c, 4)) {
    case 0:
        return zk_options_add_tls_ca_file(any(c, OPTIONS), NULL, ZK_NUL - draw(c, 2));
    case 1:
        return zk_options_add_tls_ca_pem(any(c, OPTIONS), NULL, 1);
    case 2:
        return zk_options_set_tls_cert_files(any(c, OPTIONS), NULL, 0, NULL, 1);
    default:
        return zk_options_set_sasl(any(c, OPTIONS), "ann", draw(c, 4), NULL, 0);
    }
}

static zk_status make_or_end(struct chaos *c) {
    void *out = (void *)&UNTOUCHED;
    struct text at = path(c);
    switch (draw(c, 17)) {
    case 16:
        return protect(c);
    case 0: {
        zk_status status = zk_options_new((zk_options **)&out);
        return keep(c, OPTIONS, status, out);
    }
    case 1:
        return zk_options_set_session_timeout(any(c, OPTIONS), (int64_t)draw(c, 5000) - 10);
    case 2:
        return zk_options_set_request_timeout(any(c, OPTIONS), (int64_t)draw(c, 5000) - 10);
    case 3:
        return zk_options_add_auth(any(c, OPTIONS), "digest", ZK_NUL, "ann:x", draw(c, 6));
    case 4:
        return zk_options_set_stop_on_expiry(any(c, OPTIONS), draw(c, 2) == 0);
    case 5:
        return zk_options_set_fail_fast(any(c, OPTIONS), draw(c, 2) == 0);
    case 6: {
        /* A connection is dear; so that the tree is used at all, most of them get the time they need. */
        int64_t until = draw(c, 4) == 0 ? deadline(c) : SOON;
        const char *address = draw(c, 20) == 0 ? at.start : c->world->address;
        zk_status status = zk_client_connect(
            address, ZK_NUL, draw(c, 2) == 0 ? NULL : any(c, OPTIONS), address == at.start ? 1 : until,
            (zk_client **)&out);
        return keep(c, CLIENT, status, out);
    }
    case 7:
        return draw(c, 8) == 0 ? zk_client_close(any(c, CLIENT), deadline(c)) : ZK_OK;
    case 8:
        return draw(c, 8) == 0 ? zk_client_free(any(c, CLIENT)) : ZK_OK;
    case 9:
    case 10:
    case 11: {
        zk_status status = zk_mutex_new(
            any(c, CLIENT), draw(c, 3) == 0 ? at.start : "/lock", ZK_NUL, (zk_mutex **)&out);
        return keep(c, MUTEX, status, out);
    }
    case 12:
        return draw(c, 2) ? zk_mutex_set_contender(any(c, MUTEX), "random", draw(c, 7))
                          : zk_mutex_set_layout(any(c, MUTEX), (int32_t)draw(c, 3));
    case 13:
        return zk_mutex_free(any(c, MUTEX));
    case 14:
        return zk_guard_free(any(c, GUARD));
    default:
        return zk_result_free(any(c, RESULT));
    }
}

static void *call_at_random(void *argument) {
    struct chaos *c = argument;
    for (long i = 0; i < c->calls; i += 1) {
        zk_status status;
        switch (draw(c, 8)) {
        case 0:
            status = make_or_end(c);
            break;
        case 1:
        case 2:
            status = take(c);
            break;
        case 3:
            status = look(c);
            break;
        case 4:
            status = ask(c);
            break;
        case 5:
            status = start(c);
            break;
        default:
            status = wait(c);
        }
        CHECK(status != ZK_ERR_PANIC && status != ZK_ERR_BUG && status != ZK_ERR_FORKED);
        c->by_status[status == ZK_OK] += 1;
        if (draw(c, 500) == 0) {
            zk_test_server_cut(c->world->server);
        }
    }
    return NULL;
}

static long from_environment(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

TEST(random_calls_do_no_harm_and_leave_nothing_behind) {
    struct world world = world_start();
    struct pool pool = {PTHREAD_MUTEX_INITIALIZER, {{NULL}}};
    struct chaos chaos[THREADS];
    pthread_t threads[THREADS];
    long calls = from_environment("ZK_RANDOM_CALLS", 20000);
    long seed = from_environment("ZK_RANDOM_SEED", (long)time(NULL));
    long good = 0;
    long bad = 0;
    fprintf(stderr, "%ld calls, ZK_RANDOM_SEED=%ld\n", calls, seed);
    created(world.client, "/a", "");
    created(world.client, "/b", "");
    for (int i = 0; i < THREADS; i += 1) {
        uint64_t own = ((uint64_t)seed * THREADS + (uint64_t)i + 1) * 0x9e3779b97f4a7c15u;
        chaos[i] = (struct chaos){&world, &pool, own | 1, calls / THREADS, {0, 0}};
    }
    for (int i = 0; i < 4; i += 1) {
        put(&chaos[0], CLIENT, world_client(&world, 0));
    }
    for (int i = 0; i < THREADS; i += 1) {
        CHECK(pthread_create(&threads[i], NULL, call_at_random, &chaos[i]) == 0);
    }
    for (int i = 0; i < THREADS; i += 1) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        bad += chaos[i].by_status[0];
        good += chaos[i].by_status[1];
    }
    fprintf(stderr, "%ld succeeded, %ld failed\n", good, bad);
    /* Neither side may dry up, or the run says little. */
    CHECK(good + bad == calls / THREADS * THREADS && good > calls / 10 && bad > calls / 10);
    for (int kind = 0; kind < KINDS; kind += 1) {
        for (int i = 0; i < KEPT; i += 1) {
            void *handle = pool.handles[kind][i];
            zk_options_free(handle);
            zk_client_free(handle);
            zk_mutex_free(handle);
            zk_guard_free(handle);
            zk_result_free(handle);
        }
    }
    WAIT_UNTIL(zk_test_server_sessions(world.server) == 1);
    CHECK(zk_test_server_nodes_below(world.server, "/lock", ZK_NUL) == 0);
    world_end(&world);
}
