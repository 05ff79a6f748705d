import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCacheEvent;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;

/** Curator's caches. */
@SuppressWarnings("deprecation")
final class CuratorCaches implements Talk.Family {
    private final CuratorFramework client;
    private final Map<String, Cache> caches = new HashMap<>();

    /** What it holds at a path, and what it told so far. */
    private interface Cache extends AutoCloseable {
        ChildData at(String path) throws Exception;
    }

    private final Map<String, List<String>> told = new HashMap<>();

    CuratorCaches(CuratorFramework client) {
        this.client = client;
    }

    @Override
    public String answer(String[] words) throws Exception {
        String name = words[1];
        switch (words[0]) {
                // start NAME KIND PATH
            case "start" -> start(name, words[2], words[3]);
            case "stop" -> caches.remove(name).close();
                // await NAME PATH DATA|null: until it holds that.
            case "await" -> {
                Cache cache = caches.get(name);
                Talk.await(
                        words[2] + " " + words[3],
                        () -> {
                            ChildData at = cache.at(words[2]);
                            String held = at == null ? "null" : Talk.word(at.getData());
                            return held.equals(words[3]) ? true : null;
                        });
            }
                // told NAME EVENT: until it told that.
            case "told" -> Talk.await(words[2], () -> told.get(name).contains(words[2]) ? 1 : null);
            case "events" -> {
                synchronized (told.get(name)) {
                    return String.join(" ", told.get(name));
                }
            }
                // write PATH DATA
            case "write" -> client.create()
                    .orSetData()
                    .creatingParentsIfNeeded()
                    .forPath(name, Talk.bytes(words[2]));
            case "erase" -> client.delete().deletingChildrenIfNeeded().forPath(name);
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    private void start(String name, String kind, String path) throws Exception {
        List<String> events = Collections.synchronizedList(new ArrayList<>());
        told.put(name, events);
        caches.put(
                name,
                switch (kind) {
                    case "curator" -> curator(CuratorCache.build(client, path), events);
                    case "single" -> curator(
                            CuratorCache.build(
                                    client, path, CuratorCache.Options.SINGLE_NODE_CACHE),
                            events);
                    case "tree" -> tree(path, events);
                    case "children" -> children(path, events);
                    case "node" -> node(path, events);
                    case "watch" -> watcher(path, events);
                    default -> throw new IllegalArgumentException(kind);
                });
    }

    private Cache curator(CuratorCache cache, List<String> events) {
        cache.listenable()
                .addListener(
                        (type, old, now) ->
                                events.add(type + ":" + (now == null ? old : now).getPath()));
        cache.start();
        return cache(path -> cache.get(path).orElse(null), cache);
    }

    private Cache tree(String root, List<String> events) throws Exception {
        TreeCache cache = TreeCache.newBuilder(client, root).build();
        cache.getListenable()
                .addListener((of, event) -> events.add(event(event.getType(), event.getData())));
        cache.start();
        return cache(cache::getCurrentData, cache);
    }

    private Cache children(String root, List<String> events) throws Exception {
        PathChildrenCache cache = new PathChildrenCache(client, root, true);
        cache.getListenable()
                .addListener(
                        (of, event) ->
                                events.add(
                                        event(
                                                event.getType(),
                                                event.getType()
                                                                == PathChildrenCacheEvent.Type
                                                                        .INITIALIZED
                                                        ? null
                                                        : event.getData())));
        cache.start(PathChildrenCache.StartMode.POST_INITIALIZED_EVENT);
        return cache(cache::getCurrentData, cache);
    }

    private Cache node(String path, List<String> events) throws Exception {
        NodeCache cache = new NodeCache(client, path);
        cache.getListenable().addListener(() -> events.add("CHANGED:" + path));
        cache.start(true);
        return cache(asked -> cache.getCurrentData(), cache);
    }

    /** Holds nothing; tells what is told. */
    private Cache watcher(String path, List<String> events) {
        PersistentWatcher watcher = new PersistentWatcher(client, path, true);
        watcher.getListenable()
                .addListener(event -> events.add(event.getType() + ":" + event.getPath()));
        watcher.getResetListenable().addListener(() -> events.add("RESET"));
        watcher.start();
        return cache(asked -> null, watcher);
    }

    private static String event(Enum<?> type, ChildData data) {
        return data == null ? type.name() : type + ":" + data.getPath();
    }

    private interface Look {
        ChildData at(String path) throws Exception;
    }

    private static Cache cache(Look look, AutoCloseable closing) {
        return new Cache() {
            @Override
            public ChildData at(String path) throws Exception {
                return look.at(path);
            }

            @Override
            public void close() throws Exception {
                closing.close();
            }
        };
    }
}
