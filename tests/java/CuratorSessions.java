import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.SessionFailRetryLoop;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;

/** A client of Curator's whose connections break and whose session ends. */
final class CuratorSessions implements Talk.Family {
    private final CuratorFramework client;
    private final BlockingQueue<ConnectionState> states = new LinkedBlockingQueue<>();

    CuratorSessions(String connect) throws Exception {
        client = CuratorFrameworkFactory.newClient(connect, 10_000, 10_000, new RetryNTimes(100, 20));
        client.getConnectionStateListenable().addListener((source, state) -> states.add(state));
        client.start();
        Talk.check(nextState().equals("CONNECTED"), "connected");
    }

    @Override
    public String answer(String[] words) throws Exception {
        switch (words[0]) {
                // The next state that a listener is told.
            case "state" -> {
                return nextState();
            }
                // until STATE: passes over what it is told before, which may be one loss told twice.
            case "until" -> {
                for (String told = nextState(); !told.equals(words[1]); told = nextState()) {
                    Talk.check(
                            told.equals("LOST") || told.equals("RECONNECTED"), told + " told first");
                }
            }
                // Its session, as SESSION PASSWORD.
            case "id" -> {
                ZooKeeper zooKeeper = client.getZookeeperClient().getZooKeeper();
                String password = HexFormat.of().formatHex(zooKeeper.getSessionPasswd());
                return Long.toHexString(zooKeeper.getSessionId()) + " " + password;
            }
                // end CONNECT SESSION PASSWORD: ends somebody's session.
            case "end" -> end(words[1], Long.parseUnsignedLong(words[2], 16), words[3]);
                // keep PATH: makes an ephemeral node.
            case "keep" -> client.create().withMode(CreateMode.EPHEMERAL).forPath(words[1]);
                // work PATH fail|retry: makes an ephemeral node and works until the session ends; how often it began.
            case "work" -> {
                return Integer.toString(work(words[1], words[2]));
            }
                // protect PREFIX: makes a protected ephemeral node.
            case "protect" -> {
                return client.create()
                        .withProtection()
                        .withMode(CreateMode.EPHEMERAL_SEQUENTIAL)
                        .forPath(words[1]);
            }
                // erase PATH: a guaranteed delete without a retry; whether it was answered.
            case "erase" -> {
                return erase(words[1]);
            }
            case "set" -> client.setData().forPath(words[1], Talk.bytes(words[2]));
            case "get" -> {
                return Talk.word(client.getData().forPath(words[1]));
            }
            case "children" -> {
                return String.join(" ", client.getChildren().forPath(words[1]));
            }
            case "gone" ->
                    Talk.await(
                            words[1] + " gone",
                            () -> client.checkExists().forPath(words[1]) == null ? "" : null);
            case "close" -> client.close();
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    private String nextState() throws Exception {
        ConnectionState state = states.poll(Talk.LIMIT_MS, TimeUnit.MILLISECONDS);
        return state == null ? "none" : state.name();
    }

    private static void end(String connect, long session, String password) throws Exception {
        BlockingQueue<String> connected = new LinkedBlockingQueue<>();
        ZooKeeper heir =
                new ZooKeeper(
                        connect,
                        10_000,
                        event -> connected.add(event.getState().name()),
                        session,
                        HexFormat.of().parseHex(password));
        String state = connected.poll(Talk.LIMIT_MS, TimeUnit.MILLISECONDS);
        heir.close();
        Talk.check("SyncConnected".equals(state), "taken over, but " + state);
    }

    private int work(String path, String mode) throws Exception {
        var wanted = SessionFailRetryLoop.Mode.valueOf(mode.toUpperCase());
        int[] begun = {0};
        return SessionFailRetryLoop.callWithRetry(
                client.getZookeeperClient(),
                wanted,
                () -> {
                    begun[0]++;
                    client.create().withMode(CreateMode.EPHEMERAL).forPath(path + begun[0]);
                    while (begun[0] == 1) {
                        // Throws as soon as the session has failed.
                        client.checkExists().forPath(path + begun[0]);
                        Thread.sleep(5);
                    }
                    return begun[0];
                });
    }

    private String erase(String path) throws Exception {
        var patience = client.getZookeeperClient().getRetryPolicy();
        client.getZookeeperClient().setRetryPolicy(new RetryNTimes(0, 0));
        try {
            client.delete().guaranteed().forPath(path);
            return "answered";
        } catch (KeeperException.ConnectionLossException e) {
            return "lost";
        } finally {
            client.getZookeeperClient().setRetryPolicy(patience);
        }
    }
}
