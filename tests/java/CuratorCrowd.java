import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.CuratorEvent;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;

/** Curator's operations on many nodes: trees, writes in the background, watches that stay. */
final class CuratorCrowd implements Talk.Family {
    private final CuratorFramework client;
    private final BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();
    private final Watcher watcher = events::add;

    CuratorCrowd(CuratorFramework client) {
        this.client = client;
    }

    @Override
    public String answer(String[] words) throws Exception {
        String path = words.length > 1 ? words[1] : "";
        switch (words[0]) {
            case "session" -> {
                return Long.toHexString(client.getZookeeperClient().getZooKeeper().getSessionId());
            }
                // grow PATH COUNT: adds children until there are so many or the node is gone; how many it added.
            case "grow" -> {
                return Integer.toString(grow(path, Integer.parseInt(words[2])));
            }
            case "fell" -> client.delete().deletingChildrenIfNeeded().forPath(path);
                // submit PATH COUNT: makes so many children at once, in the background; their names as they were answered.
            case "submit" -> {
                return submit(path, Integer.parseInt(words[2]));
            }
                // list PATH: the data of all children, in the order of their names, read in the background.
            case "list" -> {
                return list(path);
            }
                // add PERSISTENT|PERSISTENT_RECURSIVE PATH
            case "add" ->
                    client.watchers()
                            .add()
                            .withMode(AddWatchMode.valueOf(words[1]))
                            .usingWatcher(watcher)
                            .forPath(words[2]);
                // told COUNT: the next so many events.
            case "told" -> {
                return told(Integer.parseInt(words[1]));
            }
                // remove PATH one|all
            case "remove" -> {
                if (words[2].equals("one")) {
                    client.watchers()
                            .remove(watcher)
                            .ofType(Watcher.WatcherType.Any)
                            .forPath(path);
                } else {
                    client.watchers().removeAll().forPath(path);
                }
            }
            case "write" -> client.setData().forPath(path, Talk.bytes(words[2]));
            case "make" -> client.create().forPath(path, new byte[0]);
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    private int grow(String path, int count) throws Exception {
        for (int added = 0; added < count; added++) {
            try {
                client.create().forPath(path + "/j" + added, new byte[0]);
            } catch (KeeperException.NoNodeException e) {
                return added;
            }
        }
        return count;
    }

    private String submit(String path, int count) throws Exception {
        BlockingQueue<CuratorEvent> answers = new LinkedBlockingQueue<>();
        for (int n = 0; n < count; n++) {
            client.create()
                    .withMode(CreateMode.PERSISTENT_SEQUENTIAL)
                    .inBackground((source, event) -> answers.add(event))
                    .forPath(path + "/n", ("j" + n).getBytes());
        }
        List<String> names = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            String made = taken(answers).getName();
            names.add(made.substring(made.lastIndexOf('/') + 1));
        }
        return String.join(" ", names);
    }

    private String list(String path) throws Exception {
        BlockingQueue<CuratorEvent> answers = new LinkedBlockingQueue<>();
        List<String> names = new ArrayList<>(client.getChildren().forPath(path));
        names.sort(null);
        for (String name : names) {
            client.getData()
                    .inBackground((source, event) -> answers.add(event))
                    .forPath(path + "/" + name);
        }
        List<String> all = new ArrayList<>();
        for (int n = 0; n < names.size(); n++) {
            all.add(new String(taken(answers).getData()));
        }
        return String.join(" ", all);
    }

    private static CuratorEvent taken(BlockingQueue<CuratorEvent> answers) throws Exception {
        CuratorEvent event = answers.poll(Talk.LIMIT_MS, TimeUnit.MILLISECONDS);
        Talk.check(event != null && event.getResultCode() == 0, "answered: " + event);
        return event;
    }

    private String told(int count) throws Exception {
        List<String> told = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            WatchedEvent event = events.poll(Talk.LIMIT_MS, TimeUnit.MILLISECONDS);
            Talk.check(event != null, "told " + told);
            told.add(event.getType() + ":" + event.getPath());
        }
        return String.join(" ", told);
    }
}
