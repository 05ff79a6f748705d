import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.CreateBuilder;
import org.apache.curator.framework.api.CuratorEvent;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

/** Operations of Curator's framework, in a namespace and with an identity once told so. */
final class CuratorOps implements Talk.Family {
    private CuratorFramework client;

    CuratorOps(CuratorFramework client) {
        this.client = client;
    }

    @Override
    public String answer(String[] words) throws Exception {
        String path = words.length > 1 ? words[1] : "";
        switch (words[0]) {
            case "close" -> client.close();
                // as NAMESPACE USER:PASSWORD
            case "as" -> as(words[1], words[2]);
                // create PATH DATA MODE plain|protected [TTL]
            case "create" -> {
                return create(words);
            }
                // reply PATH DATA ANSWER: waits for the data, and then answers and makes a child in one transaction.
            case "reply" -> reply(path, words[2], words[3]);
            case "stat" -> {
                Stat stat = client.checkExists().forPath(path);
                return stat == null ? "null" : Long.toHexString(stat.getEphemeralOwner());
            }
            case "delete" -> client.delete().guaranteed().forPath(path);
                // or-set PATH DATA: makes the node, or writes into the one that is there.
            case "or-set" -> client.create().orSetData().forPath(path, Talk.bytes(words[2]));
            case "set" -> client.setData().forPath(path, Talk.bytes(words[2]));
            case "get" -> {
                return Talk.word(client.getData().forPath(path));
            }
            case "sync" -> sync(path);
                // set-acl PATH VERSION digest:USER:PASSWORD:BITS|world:anyone:BITS …
            case "set-acl" -> client.setACL()
                    .withVersion(Integer.parseInt(words[2]))
                    .withACL(acl(words))
                    .forPath(path);
                // get-acl PATH: VERSION SCHEME:ID:BITS …
            case "get-acl" -> {
                return shownAcl(path);
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    /** It has no other form than the one in the background. */
    private void sync(String path) throws Exception {
        BlockingQueue<CuratorEvent> answers = new LinkedBlockingQueue<>();
        client.sync().inBackground((source, event) -> answers.add(event)).forPath(path);
        CuratorEvent event = answers.poll(Talk.LIMIT_MS, TimeUnit.MILLISECONDS);
        Talk.check(event != null && event.getResultCode() == 0, "answered: " + event);
    }

    private static List<ACL> acl(String[] words) throws Exception {
        List<ACL> acl = new ArrayList<>();
        for (int at = 3; at < words.length; at++) {
            String[] parts = words[at].split(":");
            Id id =
                    parts[0].equals("digest")
                            ? new Id("digest", digest(parts[1] + ":" + parts[2]))
                            : new Id(parts[0], parts[1]);
            acl.add(new ACL(Integer.parseInt(parts[parts.length - 1]), id));
        }
        return acl;
    }

    private static String digest(String identity) throws Exception {
        return DigestAuthenticationProvider.generateDigest(identity);
    }

    private String shownAcl(String path) throws Exception {
        Stat stat = new Stat();
        StringBuilder shown = new StringBuilder();
        for (ACL entry : client.getACL().storingStatIn(stat).forPath(path)) {
            Id id = entry.getId();
            shown.append(" " + id.getScheme() + ":" + id.getId() + ":" + entry.getPerms());
        }
        return stat.getAversion() + shown.toString();
    }

    private void as(String namespace, String identity) throws Exception {
        String connect = client.getZookeeperClient().getCurrentConnectionString();
        client.close();
        client =
                CuratorFrameworkFactory.builder()
                        .connectString(connect)
                        .retryPolicy(new RetryNTimes(10, 20))
                        .namespace(namespace)
                        .authorization("digest", identity.getBytes())
                        .build();
        client.start();
    }

    private String create(String[] words) throws Exception {
        CreateBuilder builder = client.create();
        if (words.length > 5) {
            builder.withTtl(Long.parseLong(words[5]));
        }
        var create = builder.creatingParentContainersIfNeeded();
        CreateMode mode = CreateMode.valueOf(words[3]);
        byte[] data = Talk.bytes(words[2]);
        return words[4].equals("protected")
                ? create.withProtection().withMode(mode).forPath(words[1], data)
                : create.withMode(mode).forPath(words[1], data);
    }

    private void reply(String path, String wanted, String answer) throws Exception {
        BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();
        Stat stat = new Stat();
        while (true) {
            byte[] data =
                    client.getData()
                            .storingStatIn(stat)
                            .usingWatcher((org.apache.curator.framework.api.CuratorWatcher) events::add)
                            .forPath(path);
            if (Talk.word(data).equals(wanted)) {
                break;
            }
            events.take();
        }
        CuratorOp check = client.transactionOp().check().withVersion(stat.getVersion()).forPath(path);
        CuratorOp set =
                client.transactionOp()
                        .setData()
                        .withVersion(stat.getVersion())
                        .forPath(path, Talk.bytes(answer));
        CuratorOp child =
                client.transactionOp()
                        .create()
                        .withMode(CreateMode.PERSISTENT_SEQUENTIAL)
                        .withACL(ZooDefs.Ids.CREATOR_ALL_ACL)
                        .forPath(path + "/j", new byte[0]);
        client.transaction().forOperations(List.of(check, set, child));
    }
}
