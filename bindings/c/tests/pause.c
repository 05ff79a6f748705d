/* A holder that is stopped for longer than its session lasts, in a process of its own. It writes with the fence and
 * without, so that the test shows what the fence prevents. */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SESSION_MS = 2000 };

static int64_t now_ms(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_BOOTTIME, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the holder writes to standard output, a number each. */
static void say(long long number) {
    printf("%lld\n", number);
    fflush(stdout);
}

static void wait_for_a_word(void) {
    char word[16];
    CHECK(fgets(word, sizeof word, stdin) != NULL);
}

static int hold(const char *address) {
    struct world world = {NULL, address, NULL};
    zk_client *zk = world_client(&world, SESSION_MS);
    zk_mutex *mutex = mutex_at(zk, "/lock");
    zk_guard *guard = acquired(mutex);
    WAIT_UNTIL(zk_guard_is_safe(guard));
    say((long long)zk_guard_token(guard));
    wait_for_a_word();
    /* Until when it believes to be safe: the last thing it looks at before it is stopped. */
    say(zk_guard_is_safe(guard) ? now_ms() + zk_guard_safe_for_ms(guard) : 0);
    wait_for_a_word();
    /* Stopped in between, and resumed. The first thing it does is what it was about to do: to write. */
    bool safe = zk_guard_is_safe(guard);
    zk_status fenced = zk_client_set(
        zk, "/fenced", ZK_NUL, "stale", 5, ZK_ANY_VERSION, guard, SOON, NULL);
    zk_fate fate = zk_last_error_fate();
    zk_status unfenced = zk_client_set(
        zk, "/unfenced", ZK_NUL, "stale", 5, ZK_ANY_VERSION, NULL, SOON, NULL);
    zk_status lost = zk_guard_wait_lost(guard, SOON);
    say(safe);
    say(fenced);
    say(fate);
    say(unfenced);
    say(lost);
    say(zk_guard_loss(guard));
    say(zk_guard_is_held(guard));
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    CHECK_OK(zk_client_close(zk, SOON));
    CHECK_OK(zk_client_free(zk));
    return 0;
}

int check_other_role(int argc, char **argv) {
    return argc == 3 && strcmp(argv[1], "hold") == 0 ? hold(argv[2]) : -1;
}

struct holder {
    pid_t process;
    FILE *words;
    FILE *numbers;
};

static struct holder start(const char *address) {
    int to[2];
    int from[2];
    CHECK(pipe(to) == 0 && pipe(from) == 0);
    fflush(stdout);
    pid_t process = fork();
    CHECK(process >= 0);
    if (process == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[0]), close(to[1]), close(from[0]), close(from[1]);
        execl(check_program, check_program, "hold", address, (char *)NULL);
        _exit(127);
    }
    close(to[0]), close(from[1]);
    struct holder holder = {process, fdopen(to[1], "w"), fdopen(from[0], "r")};
    CHECK(holder.words != NULL && holder.numbers != NULL);
    return holder;
}

static void tell(struct holder *holder) {
    CHECK(fputs("go\n", holder->words) >= 0 && fflush(holder->words) == 0);
}

static long long hear(struct holder *holder) {
    char line[32];
    CHECK(fgets(line, sizeof line, holder->numbers) != NULL);
    return strtoll(line, NULL, 10);
}

TEST(a_holder_stopped_past_its_session_learns_of_its_loss_before_it_writes_with_the_fence) {
    struct world world = world_start();
    zk_mutex *mutex = mutex_at(world.client, "/lock");
    int end = 0;
    created(world.client, "/fenced", "");
    created(world.client, "/unfenced", "");
    struct holder holder = start(world.address);
    uint64_t token = (uint64_t)hear(&holder);
    tell(&holder);
    int64_t safe_until = hear(&holder);
    CHECK(safe_until > 0);
    CHECK(kill(holder.process, SIGSTOP) == 0);
    CHECK(waitpid(holder.process, &end, WUNTRACED) == holder.process && WIFSTOPPED(end));
    tell(&holder);

    /* The next in line gets the lock when the session has expired, and not before the first one's window closed. */
    zk_guard *guard = acquired(mutex);
    CHECK(now_ms() >= safe_until);
    CHECK(zk_guard_token(guard) > token);
    CHECK_OK(zk_client_set(world.client, "/fenced", ZK_NUL, "next", 4, -1, guard, SOON, NULL));
    CHECK_OK(zk_client_set(world.client, "/unfenced", ZK_NUL, "next", 4, -1, guard, SOON, NULL));

    CHECK(kill(holder.process, SIGCONT) == 0);
    CHECK(hear(&holder) == false);
    CHECK(hear(&holder) == ZK_ERR_LOCK_LOST);
    CHECK(hear(&holder) == ZK_FATE_NOT_APPLIED);
    CHECK(hear(&holder) == ZK_OK);
    CHECK(hear(&holder) == ZK_ERR_LOCK_LOST);
    /* The expiry deletes the node, and the server may get to tell of that before it closes the connection. */
    long long loss = hear(&holder);
    CHECK(loss == ZK_LOSS_SESSION_EXPIRED || loss == ZK_LOSS_NODE_DELETED);
    CHECK(hear(&holder) == false);
    CHECK(data_is(world.client, "/fenced", "next"));
    /* The control: without the fence the stale write is there, or the test would prove nothing. */
    CHECK(data_is(world.client, "/unfenced", "stale"));

    CHECK(waitpid(holder.process, &end, 0) == holder.process && WIFEXITED(end) && WEXITSTATUS(end) == 0);
    fclose(holder.words);
    fclose(holder.numbers);
    CHECK_OK(zk_guard_free(guard));
    CHECK_OK(zk_mutex_free(mutex));
    world_end(&world);
}
