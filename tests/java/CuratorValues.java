import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicValue;
import org.apache.curator.framework.recipes.atomic.PromotedToLock;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedValue;
import org.apache.curator.framework.recipes.shared.VersionedValue;
import org.apache.curator.retry.RetryNTimes;

/**
 * One side of a number of rounds with one of Curator's counters, values or barriers: CONNECT PART PATH ROUNDS.
 *
 * <p>Prints "ready" when it begins and "done" with the number of rounds at the end; the other side does the same at the same time.
 */
public final class CuratorValues {
    private static final int LIMIT_SECONDS = 60;

    private final CuratorFramework client;
    private final String path;
    private final int rounds;
    private int done;

    private CuratorValues(CuratorFramework client, String path, int rounds) {
        this.client = client;
        this.path = path;
        this.rounds = rounds;
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 4) {
            System.err.println("usage: CuratorValues CONNECT PART PATH ROUNDS");
            System.exit(64);
        }
        CuratorFramework client =
                CuratorFrameworkFactory.newClient(args[0], 10_000, 10_000, new RetryNTimes(10, 20));
        client.start();
        check(client.blockUntilConnected(LIMIT_SECONDS, TimeUnit.SECONDS));
        CuratorValues values = new CuratorValues(client, args[2], Integer.parseInt(args[3]));
        System.out.println("ready");
        switch (args[1]) {
            case "long" -> values.incrementLong();
            case "promoted" -> values.incrementUnderLock();
            case "int" -> values.incrementInt();
            case "bytes" -> values.appendBytes();
            case "count" -> values.incrementCount();
            case "value" -> values.appendValue();
            case "barrier" -> values.barrier();
            case "double" -> values.doubleBarrier();
            default -> throw new IllegalArgumentException(args[1]);
        }
        System.out.println("done " + values.done);
        client.close();
        System.exit(0);
    }

    /** Goes on after its rounds until the other side has done enough as well. */
    private boolean wantsMore() throws Exception {
        return done < rounds || client.checkExists().forPath(path + "-stop") == null;
    }

    private void incrementLong() throws Exception {
        DistributedAtomicLong number = new DistributedAtomicLong(client, path, retry());
        for (; wantsMore(); done++) {
            check(number.increment().succeeded());
        }
    }

    /**
     * One attempt without the lock at PATH-lock; ROUNDS increments are those that needed it. Each side needs the other for them,
     * so it says so when it had them, at PATH-enough, and goes on until the other has them as well.
     */
    private void incrementUnderLock() throws Exception {
        PromotedToLock promotion =
                PromotedToLock.builder()
                        .lockPath(path + "-lock")
                        .timeout(LIMIT_SECONDS, TimeUnit.SECONDS)
                        .retryPolicy(retry())
                        .build();
        DistributedAtomicLong number =
                new DistributedAtomicLong(client, path, new RetryNTimes(0, 0), promotion);
        for (int promoted = 0; promoted < rounds || wantsMore(); done++) {
            AtomicValue<Long> change = number.increment();
            check(change.succeeded());
            if (change.getStats().getPromotedLockTries() > 0 && ++promoted == rounds) {
                client.create().forPath(path + "-enough");
            }
        }
    }

    private void incrementInt() throws Exception {
        DistributedAtomicInteger number = new DistributedAtomicInteger(client, path, retry());
        for (; wantsMore(); done++) {
            check(number.increment().succeeded());
        }
    }

    private void appendBytes() throws Exception {
        DistributedAtomicValue value = new DistributedAtomicValue(client, path, retry());
        while (wantsMore()) {
            byte[] old = value.get().postValue();
            if (value.compareAndSet(old, (new String(old) + "j").getBytes()).succeeded()) {
                done++;
            }
        }
    }

    private void incrementCount() throws Exception {
        SharedCount count = new SharedCount(client, path, 0);
        count.start();
        while (wantsMore()) {
            VersionedValue<Integer> old = count.getVersionedValue();
            if (count.trySetCount(old, old.getValue() + 1)) {
                done++;
            }
        }
        count.close();
    }

    private void appendValue() throws Exception {
        SharedValue value = new SharedValue(client, path, new byte[0]);
        value.start();
        while (wantsMore()) {
            VersionedValue<byte[]> old = value.getVersionedValue();
            if (value.trySetValue(old, (new String(old.getValue()) + "j").getBytes())) {
                done++;
            }
        }
        value.close();
    }

    /** Each side waits for its own barrier, sets it again, and removes the other's. */
    private void barrier() throws Exception {
        DistributedBarrier ping = new DistributedBarrier(client, path + "/ping");
        DistributedBarrier pong = new DistributedBarrier(client, path + "/pong");
        for (; done < rounds; done++) {
            check(ping.waitOnBarrier(LIMIT_SECONDS, TimeUnit.SECONDS));
            ping.setBarrier();
            pong.removeBarrier();
        }
    }

    private void doubleBarrier() throws Exception {
        for (; done < rounds; done++) {
            int round = done;
            DistributedDoubleBarrier barrier =
                    new DistributedDoubleBarrier(client, path + "/barrier-" + round, 3);
            pass(round, "came");
            check(barrier.enter(LIMIT_SECONDS, TimeUnit.SECONDS));
            check(passed(round, "came") == 3);
            pass(round, "entered");
            while (passed(round, "entered") < 3) {
                Thread.sleep(1);
            }
            pass(round, "leaves");
            check(barrier.leave(LIMIT_SECONDS, TimeUnit.SECONDS));
            check(passed(round, "leaves") == 3);
        }
    }

    private void pass(int round, String step) throws Exception {
        check(counter(round, step).increment().succeeded());
    }

    private long passed(int round, String step) throws Exception {
        return counter(round, step).get().postValue();
    }

    private DistributedAtomicLong counter(int round, String step) {
        return new DistributedAtomicLong(client, path + "/" + step + "-" + round, retry());
    }

    private static RetryNTimes retry() {
        return new RetryNTimes(100_000, 1);
    }

    private static void check(boolean holds) {
        if (!holds) {
            throw new IllegalStateException("not as it should be");
        }
    }
}
