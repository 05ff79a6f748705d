import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.ZooKeeper;

/**
 * Curator's side of the benchmark: one JVM with one session, which works when it is told to, so that
 * its rounds lie between those of others.
 *
 * <p>Arguments: CONNECT NODE LOCK TREE NODES. Prints {@code ready} when connected, then reads orders, one a line:
 *
 * <ul>
 *   <li>{@code get-1 MILLIS}: getData of NODE through Curator, one at a time, for so long;
 *   <li>{@code get-N MILLIS}: the same, N in flight, through the Java client's asynchronous call;
 *   <li>{@code mutex MILLIS}: uncontended acquire and release of LOCK;
 *   <li>{@code cache MILLIS}: first loads of a cache of TREE, which has so many NODES, at least one.
 * </ul>
 *
 * <p>Each is answered with {@code ops OPERATIONS nanos NANOSECONDS}. Ends with its standard input.
 */
public final class CuratorLockBench {
    private CuratorLockBench() {}

    public static void main(String[] args) throws Exception {
        if (args.length != 5) {
            System.err.println("usage: CuratorLockBench CONNECT NODE LOCK TREE NODES");
            System.exit(64);
        }
        try (CuratorFramework client =
                CuratorFrameworkFactory.newClient(
                        args[0], 30_000, 15_000, new ExponentialBackoffRetry(100, 5))) {
            client.start();
            if (!client.blockUntilConnected(30, TimeUnit.SECONDS)) {
                System.err.println("no connection to " + args[0]);
                System.exit(69);
            }
            InterProcessMutex mutex = new InterProcessMutex(client, args[2]);
            System.out.println("ready");
            BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
            for (String order = orders.readLine(); order != null; order = orders.readLine()) {
                String[] words = order.split(" ");
                long begun = System.nanoTime();
                long until = begun + TimeUnit.MILLISECONDS.toNanos(Long.parseLong(words[1]));
                long operations =
                        words[0].equals("cache")
                                ? load(client, args[3], Integer.parseInt(args[4]), until)
                                : work(client, args[1], mutex, words[0], until);
                System.out.printf("ops %d nanos %d%n", operations, System.nanoTime() - begun);
            }
        }
    }

    private static long work(
            CuratorFramework client, String node, InterProcessMutex mutex, String what, long until)
            throws Exception {
        if (what.equals("mutex")) {
            return lock(mutex, until);
        }
        if (!what.startsWith("get-")) {
            throw new IllegalArgumentException("no workload " + what);
        }
        int inFlight = Integer.parseInt(what.substring("get-".length()));
        return inFlight == 1
                ? read(client, node, until)
                : readAhead(client.getZookeeperClient().getZooKeeper(), node, inFlight, until);
    }

    private static long load(CuratorFramework client, String tree, int nodes, long until)
            throws Exception {
        long operations = 0;
        do {
            CountDownLatch loaded = new CountDownLatch(1);
            try (CuratorCache cache = CuratorCache.build(client, tree)) {
                cache.listenable()
                        .addListener(
                                CuratorCacheListener.builder()
                                        .forInitialized(loaded::countDown)
                                        .build());
                cache.start();
                loaded.await();
                if (cache.size() != nodes) {
                    throw new IllegalStateException(cache.size() + " nodes of " + nodes);
                }
            }
            operations++;
        } while (System.nanoTime() < until);
        return operations;
    }

    private static long lock(InterProcessMutex mutex, long until) throws Exception {
        long operations = 0;
        while (System.nanoTime() < until) {
            mutex.acquire();
            mutex.release();
            operations++;
        }
        return operations;
    }

    private static long read(CuratorFramework client, String node, long until) throws Exception {
        long operations = 0;
        while (System.nanoTime() < until) {
            client.getData().forPath(node);
            operations++;
        }
        return operations;
    }

    private static long readAhead(ZooKeeper zooKeeper, String node, int inFlight, long until)
            throws InterruptedException {
        Semaphore slots = new Semaphore(inFlight);
        AtomicLong failures = new AtomicLong();
        long operations = 0;
        while (System.nanoTime() < until) {
            slots.acquire();
            zooKeeper.getData(
                    node,
                    false,
                    (code, path, context, data, stat) -> {
                        if (code != 0) {
                            failures.incrementAndGet();
                        }
                        slots.release();
                    },
                    null);
            operations++;
        }
        slots.acquire(inFlight);
        if (failures.get() > 0) {
            throw new IllegalStateException(failures.get() + " reads failed");
        }
        return operations;
    }
}
