import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.ZooKeeper;

/**
 * Curator's side of the benchmark: one workload per run, so that runs can be interleaved.
 *
 * <p>Arguments: CONNECT WORKLOAD OPERATIONS [WARM_UP [PATH]], where WORKLOAD is
 *
 * <ul>
 *   <li>{@code get-1}: getData of the node PATH (100 bytes), one at a time;
 *   <li>{@code get-N}: the same, N in flight, through the Java client's asynchronous call;
 *   <li>{@code mutex}: uncontended acquire and release of the lock PATH.
 * </ul>
 *
 * <p>WARM_UP operations (as many as measured, by default) run first and are not counted. PATH is
 * made where it is missing. Prints {@code WORKLOAD ops OPERATIONS seconds S ops_per_s R} as its last
 * line; start-up and connecting are not in S.
 */
public final class CuratorLockBench {
    private CuratorLockBench() {}

    private interface Workload {
        void run(int operations) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        if (args.length < 3) {
            System.err.println(
                    "usage: CuratorLockBench CONNECT get-1|get-N|mutex OPERATIONS [WARM_UP [PATH]]");
            System.exit(64);
        }
        String name = args[1];
        int operations = Integer.parseInt(args[2]);
        int warmUp = args.length > 3 ? Integer.parseInt(args[3]) : operations;
        String path = args.length > 4 ? args[4] : "/bench-curator/" + name;
        try (CuratorFramework client =
                CuratorFrameworkFactory.newClient(
                        args[0], 30_000, 15_000, new ExponentialBackoffRetry(100, 5))) {
            client.start();
            if (!client.blockUntilConnected(30, TimeUnit.SECONDS)) {
                System.err.println("no connection to " + args[0]);
                System.exit(69);
            }
            Workload workload = workload(client, name, path);
            workload.run(warmUp);
            long begun = System.nanoTime();
            workload.run(operations);
            double seconds = (System.nanoTime() - begun) / 1e9;
            System.out.printf(
                    "%s ops %d seconds %.6f ops_per_s %.1f%n",
                    name, operations, seconds, operations / seconds);
        }
    }

    private static Workload workload(CuratorFramework client, String name, String path)
            throws Exception {
        if (name.equals("mutex")) {
            InterProcessMutex mutex = new InterProcessMutex(client, path);
            return operations -> {
                for (int i = 0; i < operations; i++) {
                    mutex.acquire();
                    mutex.release();
                }
            };
        }
        if (!name.startsWith("get-")) {
            throw new IllegalArgumentException("no workload " + name);
        }
        int inFlight = Integer.parseInt(name.substring("get-".length()));
        if (client.checkExists().forPath(path) == null) {
            client.create().orSetData().creatingParentsIfNeeded().forPath(path, new byte[100]);
        }
        if (inFlight == 1) {
            return operations -> {
                for (int i = 0; i < operations; i++) {
                    client.getData().forPath(path);
                }
            };
        }
        ZooKeeper zooKeeper = client.getZookeeperClient().getZooKeeper();
        return operations -> pipelined(zooKeeper, path, operations, inFlight);
    }

    private static void pipelined(ZooKeeper zooKeeper, String path, int operations, int inFlight)
            throws InterruptedException {
        Semaphore slots = new Semaphore(inFlight);
        CountDownLatch answered = new CountDownLatch(operations);
        AtomicLong failures = new AtomicLong();
        for (int i = 0; i < operations; i++) {
            slots.acquire();
            zooKeeper.getData(
                    path,
                    false,
                    (code, node, context, data, stat) -> {
                        if (code != 0) {
                            failures.incrementAndGet();
                        }
                        slots.release();
                        answered.countDown();
                    },
                    null);
        }
        answered.await();
        if (failures.get() > 0) {
            throw new IllegalStateException(failures.get() + " reads failed");
        }
    }
}
