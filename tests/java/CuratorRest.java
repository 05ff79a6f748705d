import java.io.InputStream;
import java.util.Properties;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.CachedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.CachedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphore;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.locks.Revoker;
import org.apache.curator.retry.RetryNTimes;

/**
 * A revocable lock of Curator's, its counters that take numbers in blocks, and its older semaphore. One of each to a channel.
 */
@SuppressWarnings("deprecation")
final class CuratorRest implements Talk.Family {
    private final CuratorFramework client;
    private final Semaphore asked = new Semaphore(0);
    private InterProcessMutex mutex;
    private CachedAtomicLong longs;
    private CachedAtomicInteger ints;
    private InterProcessSemaphore semaphore;
    private Lease lease;

    CuratorRest(CuratorFramework client) {
        this.client = client;
    }

    @Override
    public String answer(String[] words) throws Exception {
        switch (words[0]) {
            case "lock" -> mutex = new InterProcessMutex(client, words[1]);
                // Each release ends that it is revocable.
            case "acquire" -> {
                mutex.makeRevocable(lock -> asked.release());
                Talk.check(mutex.acquire(Talk.LIMIT_MS, TimeUnit.MILLISECONDS), "acquired");
            }
                // Waits until somebody wants it back, and lets it go.
            case "yield" -> {
                Talk.check(asked.tryAcquire(Talk.LIMIT_MS, TimeUnit.MILLISECONDS), "asked");
                mutex.release();
            }
            case "revoke" -> Revoker.attemptRevoke(client, words[1]);
            case "longs" -> longs =
                    new CachedAtomicLong(
                            new DistributedAtomicLong(client, words[1], retry()),
                            Integer.parseInt(words[2]));
            case "ints" -> ints =
                    new CachedAtomicInteger(
                            new DistributedAtomicInteger(client, words[1], retry()),
                            Integer.parseInt(words[2]));
            case "long" -> {
                return String.valueOf(longs.next().preValue());
            }
            case "int" -> {
                return String.valueOf(ints.next().preValue());
            }
            case "older-semaphore" ->
                    semaphore = new InterProcessSemaphore(client, words[1], Integer.parseInt(words[2]));
            case "take" -> {
                lease = semaphore.acquire(Talk.LIMIT_MS, TimeUnit.MILLISECONDS);
                Talk.check(lease != null, "taken");
            }
            case "give" -> semaphore.returnLease(lease);
            case "session" -> {
                return String.format(
                        "0x%016x", client.getZookeeperClient().getZooKeeper().getSessionId());
            }
                // What the jars that these recipes are in say of themselves.
            case "versions" -> {
                return String.join(
                        " ", version("recipes"), version("framework"), version("x-discovery"));
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    private static String version(String of) throws Exception {
        String path = "/META-INF/maven/org.apache.curator/curator-" + of + "/pom.properties";
        Properties properties = new Properties();
        try (InputStream stream = CuratorRest.class.getResourceAsStream(path)) {
            properties.load(stream);
        }
        return properties.getProperty("version");
    }

    private static RetryNTimes retry() {
        return new RetryNTimes(100_000, 1);
    }
}
