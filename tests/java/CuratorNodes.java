import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.zookeeper.CreateMode;

/** Curator's nodes that are kept, and members of groups. */
final class CuratorNodes implements Talk.Family {
    private final CuratorFramework client;
    private final Map<String, PersistentNode> nodes = new HashMap<>();
    private final Map<String, PersistentTtlNode> timed = new HashMap<>();
    private final Map<String, GroupMember> members = new HashMap<>();

    CuratorNodes(CuratorFramework client) {
        this.client = client;
    }

    @Override
    public String answer(String[] words) throws Exception {
        String name = words[1];
        switch (words[0]) {
                // keep NAME MODE PATH DATA protected|plain: starts to, without waiting for it.
            case "keep" -> keep(name, words);
                // Where it is, once it is.
            case "kept" -> {
                PersistentNode node = nodes.get(name);
                Talk.check(
                        node.waitForInitialCreate(Talk.LIMIT_MS, TimeUnit.MILLISECONDS), "created");
                return Talk.await("its path", node::getActualPath);
            }
            case "set" -> nodes.get(name).setData(Talk.bytes(words[2]));
            case "drop" -> nodes.remove(name).close();
                // ttl NAME PATH DATA MILLIS: keeps a node with a time to live.
            case "ttl" -> {
                PersistentTtlNode node =
                        new PersistentTtlNode(
                                client, words[2], Long.parseLong(words[4]), Talk.bytes(words[3]));
                node.start();
                Talk.check(
                        node.waitForInitialCreate(Talk.LIMIT_MS, TimeUnit.MILLISECONDS), "created");
                timed.put(name, node);
            }
            case "ttl-set" -> timed.get(name).setData(Talk.bytes(words[2]));
            case "ttl-drop" -> timed.remove(name).close();
            case "read" -> {
                return Talk.word(client.getData().forPath(name));
            }
                // join NAME PATH ID DATA
            case "join" -> {
                GroupMember member =
                        new GroupMember(client, words[2], words[3], Talk.bytes(words[4]));
                member.start();
                members.put(name, member);
            }
            case "say" -> members.get(name).setThisData(Talk.bytes(words[2]));
            case "leave" -> members.remove(name).close();
            case "members" -> {
                return shown(name);
            }
                // await NAME MEMBERS: until it sees just these.
            case "await" -> {
                List<String> wanted = List.of(words).subList(2, words.length);
                String all = String.join(" ", wanted);
                Talk.await(all, () -> shown(name).equals(all) ? true : null);
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    private void keep(String name, String[] words) {
        boolean protect = words[5].equals("protected");
        CreateMode mode = CreateMode.valueOf(words[2]);
        PersistentNode node =
                new PersistentNode(client, mode, protect, words[3], Talk.bytes(words[4]));
        node.start();
        nodes.put(name, node);
    }

    private String shown(String name) {
        List<String> all = new ArrayList<>();
        new TreeMap<>(members.get(name).getCurrentMembers())
                .forEach((id, data) -> all.add(id + "=" + Talk.word(data)));
        return String.join(" ", all);
    }
}
