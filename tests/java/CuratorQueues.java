import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.MultiItem;
import org.apache.curator.framework.recipes.queue.QueueBase;
import org.apache.curator.framework.recipes.queue.QueueAllocator;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.QueueSharder;
import org.apache.curator.framework.recipes.queue.QueueSharderPolicies;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

/** Curator's queues. Items are words. */
final class CuratorQueues implements Talk.Family {
    private final CuratorFramework client;
    private final Map<String, QueueBase<byte[]>> queues = new HashMap<>();
    private final Map<String, Consumer> consumers = new HashMap<>();
    private final Map<String, SimpleDistributedQueue> simple = new HashMap<>();
    private final Map<String, QueueSharder<byte[], DistributedQueue<byte[]>>> sharders =
            new HashMap<>();

    CuratorQueues(CuratorFramework client) {
        this.client = client;
    }

    @Override
    public String answer(String[] words) throws Exception {
        String name = words[1];
        switch (words[0]) {
                // start NAME KIND PATH LOCK|- producer|consumer|refuser: a refuser throws at the first item.
            case "start" -> start(name, words[2], words[3], words[4], words[5]);
            case "stop" -> queues.remove(name).close();
            case "put" -> ((DistributedQueue<byte[]>) queues.get(name)).put(Talk.bytes(words[2]));
            case "put-id" -> ((DistributedIdQueue<byte[]>) queues.get(name))
                    .put(Talk.bytes(words[2]), words[3]);
            case "put-priority" -> ((DistributedPriorityQueue<byte[]>) queues.get(name))
                    .put(Talk.bytes(words[2]), Integer.parseInt(words[3]));
            case "put-delay" -> ((DistributedDelayQueue<byte[]>) queues.get(name))
                    .put(Talk.bytes(words[2]), Long.parseLong(words[3]));
            case "put-many" ->
                    ((DistributedQueue<byte[]>) queues.get(name)).putMulti(items(words));
            case "remove" -> {
                return String.valueOf(
                        ((DistributedIdQueue<byte[]>) queues.get(name)).remove(words[2]));
            }
                // Waits until so many were consumed since the last time.
            case "took" -> {
                return consumers.get(name).take(Integer.parseInt(words[2]), false);
            }
                // The same, each item with when it was consumed by this machine's clock: ITEM@MILLISECONDS.
            case "took-when" -> {
                return consumers.get(name).take(Integer.parseInt(words[2]), true);
            }
            case "simple" -> simple.put(name, new SimpleDistributedQueue(client, words[2]));
            case "offer" -> Talk.check(simple.get(name).offer(Talk.bytes(words[2])), "offered");
            case "poll" -> {
                return Talk.word(
                        simple.get(name).poll(Long.parseLong(words[2]), TimeUnit.MILLISECONDS));
            }
                // shard NAME PATH LEADER producer|consumer FULL MOST: FULL items make another shard, of at most MOST.
            case "shard" -> shard(name, words);
            case "put-shard" -> sharders.get(name).getQueue().put(Talk.bytes(words[2]));
            case "stop-shard" -> sharders.remove(name).close();
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    private void start(String name, String kind, String path, String lock, String role)
            throws Exception {
        Consumer consumer = null;
        if (!role.equals("producer")) {
            consumer = new Consumer(role.equals("refuser"));
        }
        consumers.put(name, consumer);
        QueueBuilder<byte[]> builder = QueueBuilder.builder(client, consumer, new Plain(), path);
        builder.putInBackground(false);
        if (!lock.equals("-")) {
            builder.lockPath(lock);
        }
        QueueBase<byte[]> queue =
                switch (kind) {
                    case "fifo" -> builder.buildQueue();
                    case "id" -> builder.buildIdQueue();
                    case "priority" -> builder.buildPriorityQueue(1);
                    case "delay" -> builder.buildDelayQueue();
                    default -> throw new IllegalArgumentException(kind);
                };
        queue.start();
        queues.put(name, queue);
    }

    private void shard(String name, String[] words) throws Exception {
        Consumer consumer = words[4].equals("consumer") ? new Consumer(false) : null;
        consumers.put(name, consumer);
        QueueAllocator<byte[], DistributedQueue<byte[]>> allocator =
                (of, at) ->
                        QueueBuilder.builder(of, consumer, new Plain(), at)
                                .putInBackground(false)
                                .buildQueue();
        QueueSharderPolicies policies =
                QueueSharderPolicies.builder()
                        .newQueueThreshold(Integer.parseInt(words[5]))
                        .thresholdCheckMs(50)
                        .maxQueues(Integer.parseInt(words[6]))
                        .build();
        QueueSharder<byte[], DistributedQueue<byte[]>> sharder =
                new QueueSharder<>(client, allocator, words[2], words[3], policies);
        sharder.start();
        sharders.put(name, sharder);
    }

    private static MultiItem<byte[]> items(String[] words) {
        return new MultiItem<>() {
            private int next = 2;

            @Override
            public byte[] nextItem() {
                return next < words.length ? Talk.bytes(words[next++]) : null;
            }
        };
    }

    private static final class Plain implements QueueSerializer<byte[]> {
        @Override
        public byte[] serialize(byte[] item) {
            return item;
        }

        @Override
        public byte[] deserialize(byte[] bytes) {
            return bytes;
        }
    }

    private static final class Consumer implements QueueConsumer<byte[]> {
        private record Taken(byte[] item, long at) {
            String shown(boolean when) {
                return when ? Talk.word(item) + "@" + at : Talk.word(item);
            }
        }

        private final LinkedBlockingQueue<Taken> taken = new LinkedBlockingQueue<>();
        private final AtomicBoolean refuses;

        Consumer(boolean refuses) {
            this.refuses = new AtomicBoolean(refuses);
        }

        @Override
        public void consumeMessage(byte[] message) {
            if (refuses.getAndSet(false)) {
                throw new IllegalStateException("told to refuse");
            }
            taken.add(new Taken(message, System.currentTimeMillis()));
        }

        @Override
        public void stateChanged(CuratorFramework client, ConnectionState state) {}

        String take(int least, boolean when) throws Exception {
            Talk.await("items", () -> taken.size() >= least ? true : null);
            List<Taken> items = new ArrayList<>();
            taken.drainTo(items);
            return String.join(" ", items.stream().map(item -> item.shown(when)).toList());
        }
    }
}
