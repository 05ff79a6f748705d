import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;

/**
 * Recipes of Curator that do what they are told, many at a time in one process.
 *
 * <p>Lines come on standard input: "CHANNEL open FAMILY CONNECT" begins a channel with a client of its own, and each further
 * "CHANNEL WORDS" is answered with "CHANNEL ok WORDS" or "CHANNEL failed TEXT", in order. The end of standard input ends it.
 */
public final class Talk {
    static final long LIMIT_MS = 60_000;

    /** What answers on one channel. */
    interface Family {
        String answer(String[] words) throws Exception;
    }

    private Talk() {}

    public static void main(String[] args) throws Exception {
        Map<String, BlockingQueue<String[]>> channels = new HashMap<>();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        say("ready");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            String channel = words[0];
            BlockingQueue<String[]> orders =
                    channels.computeIfAbsent(channel, Talk::begin);
            orders.put(Arrays.copyOfRange(words, 1, words.length));
        }
        System.exit(0);
    }

    private static BlockingQueue<String[]> begin(String channel) {
        BlockingQueue<String[]> orders = new LinkedBlockingQueue<>();
        Thread thread = new Thread(() -> serve(channel, orders), "channel " + channel);
        thread.setDaemon(true);
        thread.start();
        return orders;
    }

    private static void serve(String channel, BlockingQueue<String[]> orders) {
        Family family = null;
        while (true) {
            try {
                String[] words = orders.take();
                String answer = "";
                if (words[0].equals("open")) {
                    family = open(words[1], words[2]);
                } else {
                    answer = family.answer(words);
                }
                say(channel + " ok " + answer);
            } catch (InterruptedException e) {
                return;
            } catch (Throwable e) {
                say(channel + " failed " + e.toString().replace('\n', ' '));
            }
        }
    }

    private static Family open(String family, String connect) throws Exception {
        // Those that have clients of their own kind, or none.
        switch (family) {
            case "sessions" -> {
                return new CuratorSessions(connect);
            }
            case "members" -> {
                return new CuratorMembers(connect);
            }
            case "servers" -> {
                return new CuratorServers();
            }
            default -> {}
        }
        CuratorFramework client = Listeners.connected(connect);
        return switch (family) {
            case "queues" -> new CuratorQueues(client);
            case "nodes" -> new CuratorNodes(client);
            case "caches" -> new CuratorCaches(client);
            case "discovery" -> new CuratorDiscovery(client);
            case "ops" -> new CuratorOps(client);
            case "crowd" -> new CuratorCrowd(client);
            case "rest" -> new CuratorRest(client);
            default -> throw new IllegalArgumentException(family);
        };
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** Bytes as a word. */
    static String word(byte[] bytes) {
        if (bytes == null) {
            return "null";
        }
        return bytes.length == 0 ? "-" : HexFormat.of().formatHex(bytes);
    }

    /** A word as bytes. */
    static byte[] bytes(String word) {
        if (word.equals("null")) {
            return null;
        }
        return word.equals("-") ? new byte[0] : HexFormat.of().parseHex(word);
    }

    /** Polls until there is something. */
    static <T> T await(String what, Callable<T> poll) throws Exception {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LIMIT_MS);
        while (System.nanoTime() < end) {
            T found = poll.call();
            if (found != null) {
                return found;
            }
            Thread.sleep(1);
        }
        throw new IllegalStateException("waited in vain: " + what);
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("not so: " + what);
        }
    }
}
