import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Adds one to the number in a plain file, ROUNDS times, each time as the leader that Curator's
 * LeaderLatch or LeaderSelector makes of it.
 *
 * <p>The file is read and written without any other protection, so a lost count is two leaders.
 * Arguments: CONNECT PATH COUNTER_FILE ROUNDS latch|selector PAUSE_MS. With a pause it leads that long between reading
 * and writing, so that others have to wait.
 *
 * <p>Prints {@code connected}, one line per round, {@code round N leader ID}, with the leader that Curator sees while it
 * leads itself, and at the end {@code done rounds N contended M}. A round is contended if others were candidates when
 * this program became one.
 */
public final class CounterUnderLeadership {
    private static final String ID = "curator";

    private CounterUnderLeadership() {}

    private interface Work {
        void run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        String path = args[1];
        Path counter = Path.of(args[2]);
        int rounds = Integer.parseInt(args[3]);
        boolean latch = args[4].equals("latch");
        long pauseMillis = Long.parseLong(args[5]);
        int contended = 0;
        try (CuratorFramework client =
                CuratorFrameworkFactory.newClient(
                        args[0], 30_000, 15_000, new ExponentialBackoffRetry(100, 5))) {
            client.start();
            if (!client.blockUntilConnected(30, TimeUnit.SECONDS)) {
                System.err.println("no connection to " + args[0]);
                System.exit(69);
            }
            System.out.println("connected");
            for (int round = 1; round <= rounds; round++) {
                if (client.checkExists().forPath(path) != null
                        && !client.getChildren().forPath(path).isEmpty()) {
                    contended++;
                }
                int number = round;
                Work work =
                        () -> {
                            long count = Long.parseLong(Files.readString(counter).trim());
                            Thread.sleep(pauseMillis);
                            Files.writeString(counter, (count + 1) + "\n");
                        };
                if (latch) {
                    try (LeaderLatch leader = new LeaderLatch(client, path, ID)) {
                        leader.start();
                        leader.await();
                        System.out.printf("round %d leader %s%n", number, leader.getLeader().getId());
                        work.run();
                    }
                } else {
                    select(client, path, number, work);
                }
            }
        }
        System.out.printf("done rounds %d contended %d%n", rounds, contended);
    }

    private static void select(CuratorFramework client, String path, int round, Work work)
            throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        Exception[] failure = new Exception[1];
        LeaderSelectorListenerAdapter listener =
                new LeaderSelectorListenerAdapter() {
                    @Override
                    public void takeLeadership(CuratorFramework ignored) {
                        try {
                            work.run();
                        } catch (Exception error) {
                            failure[0] = error;
                        }
                        done.countDown();
                    }
                };
        try (LeaderSelector selector = new LeaderSelector(client, path, listener)) {
            selector.setId(ID);
            selector.start();
            done.await();
            System.out.printf("round %d leader %s%n", round, selector.getLeader().getId());
        }
        if (failure[0] != null) {
            throw failure[0];
        }
    }
}
