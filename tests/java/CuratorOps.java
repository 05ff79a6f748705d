import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.CreateBuilder;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.Stat;

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
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
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
