import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;

/**
 * A round of work with one of Curator's recipes: CONNECT PART, where PART is mutex, latch or cache.
 *
 * <p>Prints what it saw, and waits for a line where the test has something to do in between.
 */
public final class CuratorRecipes {
    private static final int LIMIT_SECONDS = 30;

    private final BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    private final AtomicInteger reconnects = new AtomicInteger();
    private final CuratorFramework first;
    private final CuratorFramework second;

    private CuratorRecipes(String connect) throws Exception {
        first = client(connect);
        second = client(connect);
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 2) {
            System.err.println("usage: CuratorRecipes CONNECT mutex|latch|cache");
            System.exit(64);
        }
        CuratorRecipes recipes = new CuratorRecipes(args[0]);
        switch (args[1]) {
            case "mutex" -> recipes.mutex();
            case "latch" -> recipes.latch();
            case "cache" -> recipes.cache();
            default -> throw new IllegalArgumentException(args[1]);
        }
        recipes.first.close();
        recipes.second.close();
        System.exit(0);
    }

    private CuratorFramework client(String connect) throws Exception {
        CuratorFramework client =
                CuratorFrameworkFactory.newClient(
                        connect, 10_000, 10_000, new RetryNTimes(500, 20));
        client.getConnectionStateListenable()
                .addListener(
                        (ignored, state) -> {
                            if (state == ConnectionState.RECONNECTED) {
                                reconnects.incrementAndGet();
                            }
                        });
        client.start();
        if (!client.blockUntilConnected(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("no connection to " + connect);
        }
        return client;
    }

    private void mutex() throws Exception {
        InterProcessMutex one = new InterProcessMutex(first, "/lock");
        InterProcessMutex two = new InterProcessMutex(second, "/lock");
        one.acquire();
        System.out.println("first holds, " + one.getParticipantNodes().size() + " in line");
        until("the first reconnection", () -> reconnects.get() >= 1);
        ExecutorService other = Executors.newSingleThreadExecutor();
        Future<?> acquired = other.submit(call(two::acquire));
        until("a second in line", () -> one.getParticipantNodes().size() == 2);
        System.out.println("second waits, 2 in line");
        input.readLine();
        until("both reconnections", () -> reconnects.get() >= 3);
        first.sync().forPath("/lock");
        check(one.isAcquiredInThisProcess() && !acquired.isDone());
        System.out.println("first still holds, " + one.getParticipantNodes().size() + " in line");
        one.release();
        acquired.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        System.out.println("second holds after first");
        other.submit(call(two::release)).get(LIMIT_SECONDS, TimeUnit.SECONDS);
        other.shutdown();
        count(one, two);
    }

    private void count(InterProcessMutex one, InterProcessMutex two) throws Exception {
        first.create().forPath("/counter", "0".getBytes());
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        ExecutorService both = Executors.newFixedThreadPool(2);
        Future<?> counting = both.submit(call(() -> count(first, one, inside, most)));
        both.submit(call(() -> count(second, two, inside, most)))
                .get(LIMIT_SECONDS, TimeUnit.SECONDS);
        counting.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        both.shutdown();
        System.out.printf(
                "counted %s of 40, at most %d at a time%n",
                new String(first.getData().forPath("/counter")), most.get());
    }

    private static void count(
            CuratorFramework client, InterProcessMutex mutex, AtomicInteger inside, AtomicInteger most)
            throws Exception {
        for (int round = 0; round < 20; round++) {
            mutex.acquire();
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            int value = Integer.parseInt(new String(client.getData().forPath("/counter")));
            client.setData().forPath("/counter", Integer.toString(value + 1).getBytes());
            inside.decrementAndGet();
            mutex.release();
        }
    }

    private void latch() throws Exception {
        LeaderLatch one = new LeaderLatch(first, "/latch", "first");
        LeaderLatch two = new LeaderLatch(second, "/latch", "second");
        AtomicInteger losses = new AtomicInteger();
        one.addListener(
                new LeaderLatchListener() {
                    @Override
                    public void isLeader() {}

                    @Override
                    public void notLeader() {
                        losses.incrementAndGet();
                    }
                });
        one.start();
        check(one.await(LIMIT_SECONDS, TimeUnit.SECONDS));
        two.start();
        until("two participants", () -> one.getParticipants().size() == 2);
        check(!two.hasLeadership() && two.getLeader().getId().equals("first"));
        System.out.println("second waits");
        System.out.println("first leads, session " + sessionId(first));
        until("the leader to step down", () -> losses.get() == 1);
        System.out.println("first stepped down");
        until("the reconnection", () -> reconnects.get() >= 1);
        until("one leader", () -> one.hasLeadership() != two.hasLeadership());
        until("both to stand", () -> one.getParticipants().size() == 2);
        System.out.println("one of two leads");
        boolean wasFirst = one.hasLeadership();
        (wasFirst ? one : two).close();
        LeaderLatch left = wasFirst ? two : one;
        check(left.await(LIMIT_SECONDS, TimeUnit.SECONDS));
        check(left.getParticipants().size() == 1);
        System.out.println("the other leads after a close");
        left.close();
    }

    private void cache() throws Exception {
        System.out.println("cache session " + sessionId(first));
        second.create().forPath("/tree", "root".getBytes());
        second.create().forPath("/tree/a", "1".getBytes());
        second.create().forPath("/tree/a/x", "2".getBytes());
        second.create().forPath("/tree/b", "3".getBytes());
        CuratorCache cache = CuratorCache.build(first, "/tree");
        cache.start();
        shows(cache, "/tree=root /tree/a=1 /tree/a/x=2 /tree/b=3");
        second.setData().forPath("/tree/a", "one".getBytes());
        second.delete().forPath("/tree/a/x");
        second.create().forPath("/tree/c", "4".getBytes());
        shows(cache, "/tree=root /tree/a=one /tree/b=3 /tree/c=4");
        input.readLine();
        second.setData().forPath("/tree/a", "uno".getBytes());
        second.create().forPath("/tree/a/y", "5".getBytes());
        second.delete().forPath("/tree/b");
        second.delete().forPath("/tree/c");
        second.create().forPath("/tree/d", "6".getBytes());
        System.out.println("changed");
        shows(cache, "/tree=root /tree/a=uno /tree/a/y=5 /tree/d=6");
        cache.close();
        second.delete().deletingChildrenIfNeeded().forPath("/tree");
    }

    private static void shows(CuratorCache cache, String wanted) throws Exception {
        until(wanted, () -> shown(cache).equals(wanted));
        System.out.println("cache " + shown(cache));
    }

    private static String shown(CuratorCache cache) {
        TreeMap<String, String> nodes = new TreeMap<>();
        cache.stream()
                .forEach((ChildData node) -> nodes.put(node.getPath(), new String(node.getData())));
        return nodes.entrySet().stream()
                .map(node -> node.getKey() + "=" + node.getValue())
                .collect(Collectors.joining(" "));
    }

    private static long sessionId(CuratorFramework client) throws Exception {
        return client.getZookeeperClient().getZooKeeper().getSessionId();
    }

    /** Curator does not say when its background work is done. */
    private static void until(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("waited in vain for " + what);
            }
            Thread.sleep(5);
        }
    }

    private static void check(boolean holds) {
        if (!holds) {
            throw new IllegalStateException("not as it should be");
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Callable<Void> call(Work work) {
        return () -> {
            work.run();
            return null;
        };
    }
}
