import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.ensemble.fixed.FixedEnsembleProvider;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;

/** A client of Curator's that follows and changes which servers there are, or that takes servers which only read. */
final class CuratorMembers implements Talk.Family {
    private final String connect;
    private final BlockingQueue<ConnectionState> states = new LinkedBlockingQueue<>();
    private CuratorFramework client;
    /** What the tracker has found, sorted. */
    private volatile List<String> known = List.of();

    CuratorMembers(String connect) {
        this.connect = connect;
    }

    @Override
    public String answer(String[] words) throws Exception {
        switch (words[0]) {
                // follow IDENTITY INNER=OUTER,…: servers know each other by the inner addresses.
            case "follow" -> follow(words[1], words[2]);
            case "look" -> begin(builder().connectString(connect).canBeReadOnly(true).ensembleTracker(false));
                // until-servers INNER,…: sorted.
            case "until-servers" -> {
                List<String> wanted = List.of(words[1].split(","));
                Talk.await("servers " + wanted, () -> known.equals(wanted) ? "" : null);
            }
                // leave ID; join LINE
            case "leave" -> {
                return Talk.word(client.reconfig().leaving(words[1]).forEnsemble());
            }
            case "join" -> {
                return Talk.word(client.reconfig().joining(words[1]).forEnsemble());
            }
            case "config" -> {
                return Talk.word(client.getConfig().forEnsemble());
            }
                // until-state STATE…: one of them.
            case "until-state" -> {
                List<String> wanted = Arrays.asList(words).subList(1, words.length);
                String state;
                do {
                    ConnectionState told = states.poll(Talk.LIMIT_MS, TimeUnit.MILLISECONDS);
                    Talk.check(told != null, "told of " + wanted);
                    state = told.name();
                } while (!wanted.contains(state));
                return state;
            }
            case "get" -> {
                return Talk.word(client.getData().forPath(words[1]));
            }
            case "close" -> client.close();
            case "set" -> client.setData().forPath(words[1], Talk.bytes(words[2]));
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    private static CuratorFrameworkFactory.Builder builder() {
        return CuratorFrameworkFactory.builder()
                .sessionTimeoutMs(10_000)
                .connectionTimeoutMs(10_000)
                .retryPolicy(new RetryNTimes(50, 100));
    }

    private void begin(CuratorFrameworkFactory.Builder builder) throws Exception {
        client = builder.build();
        client.getConnectionStateListenable().addListener((source, state) -> states.add(state));
        client.start();
        Talk.check(
                client.blockUntilConnected((int) Talk.LIMIT_MS, TimeUnit.MILLISECONDS), "connected");
    }

    private void follow(String identity, String addresses) throws Exception {
        Map<String, String> outer = new HashMap<>();
        for (String pair : addresses.split(",")) {
            outer.put(pair.split("=")[0], pair.split("=")[1]);
        }
        var provider =
                new FixedEnsembleProvider(connect) {
                    @Override
                    public void setConnectionString(String found) {
                        String[] inner = found.split(",");
                        Arrays.sort(inner);
                        super.setConnectionString(
                                String.join(",", Arrays.stream(inner).map(outer::get).toList()));
                        known = List.of(inner);
                    }
                };
        begin(builder().authorization("digest", identity.getBytes()).ensembleProvider(provider));
    }
}
