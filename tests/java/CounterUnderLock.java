import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Adds one to the number in a plain file, ROUNDS times, each time under Curator's mutex.
 *
 * <p>The file is read and written without any other protection, so a lost count is a lock held
 * twice. Arguments: CONNECT LOCK_PATH COUNTER_FILE ROUNDS [LOG_FILE|- [PAUSE_MS [NAME]]]. With a
 * pause the lock is kept that long between reading and writing, so that others have to wait.
 *
 * <p>Prints one line per round, {@code round N count C contended true|false waited-ms W}, and at
 * the end {@code done rounds N contended M}. A round is contended if others stood in the queue when
 * this program asked.
 */
public final class CounterUnderLock {
    private CounterUnderLock() {}

    public static void main(String[] args) throws Exception {
        if (args.length < 4) {
            System.err.println(
                    "usage: CounterUnderLock CONNECT LOCK COUNTER ROUNDS [LOG|- [PAUSE_MS [NAME]]]");
            System.exit(64);
        }
        String connect = args[0];
        String lockPath = args[1];
        Path counter = Path.of(args[2]);
        int rounds = Integer.parseInt(args[3]);
        Path log = args.length > 4 && !args[4].equals("-") ? Path.of(args[4]) : null;
        long pauseMillis = args.length > 5 ? Long.parseLong(args[5]) : 0;
        String name = args.length > 6 ? args[6] : "curator";

        int contendedRounds = 0;
        try (CuratorFramework client =
                CuratorFrameworkFactory.newClient(
                        connect, 30_000, 15_000, new ExponentialBackoffRetry(100, 5))) {
            client.start();
            if (!client.blockUntilConnected(30, TimeUnit.SECONDS)) {
                System.err.println("no connection to " + connect);
                System.exit(69);
            }
            System.out.println("connected");
            InterProcessMutex mutex = new InterProcessMutex(client, lockPath);
            for (int round = 1; round <= rounds; round++) {
                boolean contended = !mutex.getParticipantNodes().isEmpty();
                long asked = System.nanoTime();
                mutex.acquire();
                long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - asked);
                try {
                    long count = Long.parseLong(Files.readString(counter).trim());
                    if (pauseMillis > 0) {
                        Thread.sleep(pauseMillis);
                    }
                    Files.writeString(counter, (count + 1) + "\n");
                    if (log != null) {
                        Files.writeString(
                                log,
                                name + " " + round + " " + System.currentTimeMillis() + "\n",
                                StandardOpenOption.CREATE,
                                StandardOpenOption.APPEND);
                    }
                    System.out.printf(
                            "round %d count %d contended %b waited-ms %d%n",
                            round, count + 1, contended, waited);
                } finally {
                    mutex.release();
                }
                if (contended) {
                    contendedRounds++;
                }
            }
        }
        System.out.printf("done rounds %d contended %d%n", rounds, contendedRounds);
    }
}
