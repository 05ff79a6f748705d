import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/**
 * Contenders of one lock that keep a ledger, on unmodified Curator. {@code tests/README.md} has the protocol.
 *
 * <p>Nothing is tried again, so that each call has one fate. After an error the contender goes on with a new client:
 * whatever its session left behind goes with it.
 */
public final class Contender implements Runnable {
    /** Curator's mutex, which tells its subclasses the node that it holds by. */
    private static final class Mutex extends InterProcessMutex {
        Mutex(CuratorFramework client, String path) {
            super(client, path);
        }

        String node() {
            return getLockPath();
        }
    }

    private static final String CONNECT = System.getenv("ZK_CONNECT");
    private static final String LOCK = System.getenv("ZK_LOCK");
    private static final String BASE = System.getenv("ZK_BASE");
    private static final int SESSION_MS = Integer.parseInt(System.getenv("ZK_SESSION_MS"));

    private static volatile boolean ended;

    private final String who;
    private CuratorFramework client;
    private int count;

    private Contender(String who) throws InterruptedException {
        this.who = who;
        this.client = connect();
    }

    public static void main(String[] args) throws Exception {
        List<Thread> threads = new ArrayList<>();
        int contenders = Integer.parseInt(System.getenv("ZK_CONTENDERS"));
        for (int number = 0; number < contenders; number++) {
            threads.add(new Thread(new Contender(System.getenv("ZK_NAME") + "-" + number)));
        }
        say("{\"event\":\"ready\"}");
        for (Thread thread : threads) {
            thread.start();
        }
        while (System.in.read() >= 0) {
            // Nothing is said there; only its end matters.
        }
        ended = true;
        for (Thread thread : threads) {
            thread.join();
        }
        say("{\"event\":\"end\"}");
    }

    @Override
    public void run() {
        while (!ended) {
            try {
                hold();
            } catch (Exception error) {
                System.err.println(who + ": " + error);
                client.close();
                try {
                    Thread.sleep(50);
                    client = connect();
                } catch (InterruptedException interrupted) {
                    return;
                }
            }
        }
        client.close();
    }

    private void hold() throws Exception {
        Mutex mutex = new Mutex(client, LOCK);
        if (!mutex.acquire(20, TimeUnit.SECONDS)) {
            return;
        }
        Stat own = client.checkExists().forPath(mutex.node());
        if (own == null) {
            // Lost already: without a token there is nothing to write down.
            mutex.release();
            return;
        }
        long token = own.getCzxid();
        String id = who + "-" + count++;
        Stat seen = new Stat();
        String saw = text(client.getData().storingStatIn(seen).forPath(BASE + "/counter"));
        long next = Long.parseLong(saw.split(" ")[0]) + 1;
        Exception failure =
                attempt(
                        () ->
                                client.setData()
                                        .withVersion(seen.getVersion())
                                        .forPath(BASE + "/counter", bytes(next + " " + id)));
        say(
                String.format(
                        "{\"event\":\"call\",\"op\":\"add\",\"id\":\"%s\",\"token\":%d,\"saw\":\"%s\","
                                + "\"saw_zxid\":%d,\"n\":%d,\"outcome\":\"%s\"}",
                        id, token, saw, seen.getMzxid(), next, outcome(failure)));
        if (failure == null) {
            failure =
                    attempt(
                            () ->
                                    client.create()
                                            .forPath(BASE + "/marks/" + id, bytes("" + token)));
            say(
                    String.format(
                            "{\"event\":\"call\",\"op\":\"mark\",\"id\":\"%s\",\"token\":%d,"
                                    + "\"outcome\":\"%s\"}",
                            id, token, outcome(failure)));
        }
        Exception release = attempt(mutex::release);
        say(
                String.format(
                        "{\"event\":\"hold\",\"who\":\"%s\",\"token\":%d,\"granted\":null,"
                                + "\"safe_until\":null,\"end\":\"%s\"}",
                        who, token, release == null ? "released" : "unknown"));
        if (failure != null) {
            throw failure;
        }
        if (release != null) {
            throw release;
        }
    }

    private interface Call {
        void run() throws Exception;
    }

    private static Exception attempt(Call call) {
        try {
            call.run();
            return null;
        } catch (Exception error) {
            return error;
        }
    }

    private static String outcome(Exception failure) {
        if (failure == null) {
            return "done";
        }
        boolean refused =
                failure instanceof KeeperException.BadVersionException
                        || failure instanceof KeeperException.NoNodeException
                        || failure instanceof KeeperException.NodeExistsException;
        return refused ? "not_applied" : "unknown";
    }

    private static CuratorFramework connect() throws InterruptedException {
        CuratorFramework client =
                CuratorFrameworkFactory.newClient(
                        CONNECT, SESSION_MS, SESSION_MS, new RetryNTimes(0, 0));
        client.start();
        while (!ended && !client.blockUntilConnected(1, TimeUnit.SECONDS)) {
            // However long the servers take.
        }
        return client;
    }

    private static synchronized void say(String line) {
        System.out.println(line);
    }

    private static String text(byte[] data) {
        return new String(data, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
