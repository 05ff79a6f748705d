import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.listen.StandardListenerManager;
import org.apache.curator.framework.listen.UnaryListenerManager;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.curator.retry.RetryNTimes;

/**
 * Curator's own listeners to the state of a connection, and when they were told of the first one.
 *
 * <p>Curator is connected before it tells so. Whoever starts a recipe in between is told of the connection afterwards, which
 * some recipes take for a reconnect: service discovery deletes all its instances then and creates them anew.
 */
final class Listeners implements UnaryListenerManager<ConnectionStateListener> {
    private final UnaryListenerManager<ConnectionStateListener> inner =
            StandardListenerManager.standard();
    private final CountDownLatch told = new CountDownLatch(1);

    private Listeners() {}

    /** A client that is connected, and has told all who listened by then. */
    static CuratorFramework connected(String connect) throws Exception {
        Listeners listeners = new Listeners();
        CuratorFramework client =
                CuratorFrameworkFactory.builder()
                        .connectString(connect)
                        .sessionTimeoutMs(10_000)
                        .connectionTimeoutMs(10_000)
                        .retryPolicy(new RetryNTimes(10, 20))
                        .connectionStateListenerManagerFactory(of -> listeners)
                        .build();
        client.start();
        Talk.check(listeners.told.await(Talk.LIMIT_MS, TimeUnit.MILLISECONDS), "connected");
        return client;
    }

    @Override
    public void forEach(Consumer<ConnectionStateListener> tell) {
        inner.forEach(tell);
        told.countDown();
    }

    @Override
    public void addListener(ConnectionStateListener listener) {
        inner.addListener(listener);
    }

    @Override
    public void addListener(ConnectionStateListener listener, Executor executor) {
        inner.addListener(listener, executor);
    }

    @Override
    public void removeListener(ConnectionStateListener listener) {
        inner.removeListener(listener);
    }

    @Override
    public void clear() {
        inner.clear();
    }

    @Override
    public int size() {
        return inner.size();
    }
}
