import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Holds one of Curator's locks in two threads, each time with a file in a folder, until each has held and waited TIMES
 * times in each role and there is FOLDER.enough.
 *
 * <p>Arguments: CONNECT RECIPE PATH FOLDER PERMITS TIMES. RECIPE is {@code rw}, {@code semaphore}, {@code stored}
 * (a semaphore whose capacity is a shared count at PATH-count), {@code mutex} (the non-re-entrant one) or {@code multi}
 * (PATH/a and PATH/b). A file is called ROLE-WHO; whoever is in may be with others only as its role allows, and writes
 * ROLE-WHO into FOLDER.log. A wait is a hold that was not to be had at once.
 *
 * <p>Prints {@code connected}, and at the end one line {@code role ROLE holds N waits M} per role.
 */
public final class LockRecipes {
    private LockRecipes() {}

    /** One lock, as all of Curator's are used here. */
    private interface Holdable {
        boolean tryToHold() throws Exception;

        void hold() throws Exception;

        void release() throws Exception;
    }

    private static final Map<String, int[]> COUNTS = new TreeMap<>();

    public static void main(String[] args) throws Exception {
        String connect = args[0];
        int times = Integer.parseInt(args[5]);
        try (CuratorFramework client =
                CuratorFrameworkFactory.newClient(
                        connect, 30_000, 15_000, new ExponentialBackoffRetry(100, 5))) {
            client.start();
            if (!client.blockUntilConnected(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("no connection to " + connect);
            }
            System.out.println("connected");
            List<Thread> threads = new ArrayList<>();
            List<Throwable> faults = new ArrayList<>();
            for (int number = 0; number < 2; number++) {
                String who = "curator-" + number;
                Thread thread = new Thread(() -> run(client, args, who, times, faults));
                threads.add(thread);
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            for (Throwable fault : faults) {
                fault.printStackTrace();
            }
            COUNTS.forEach(
                    (role, count) ->
                            System.out.printf("role %s holds %d waits %d%n", role, count[0], count[1]));
            if (!faults.isEmpty()) {
                System.exit(1);
            }
        }
    }

    private static void run(
            CuratorFramework client, String[] args, String who, int times, List<Throwable> faults) {
        try {
            int permits = Integer.parseInt(args[4]);
            Map<String, Holdable> roles = roles(client, args[1], args[2], permits);
            List<String> names = new ArrayList<>(roles.keySet());
            Map<String, int[]> own = new TreeMap<>();
            names.forEach(name -> own.put(name, new int[2]));
            Path enough = Path.of(args[3] + ".enough");
            for (int round = 0;
                    own.values().stream().anyMatch(count -> count[1] < times) || !Files.exists(enough);
                    round++) {
                String role = names.get(round % names.size());
                Holdable lock = roles.get(role);
                boolean waited = !lock.tryToHold();
                if (waited) {
                    lock.hold();
                }
                try {
                    visit(Path.of(args[3]), role, who, permits);
                } finally {
                    lock.release();
                }
                own.get(role)[0]++;
                own.get(role)[1] += waited ? 1 : 0;
            }
            synchronized (COUNTS) {
                own.forEach(
                        (role, count) -> {
                            int[] all = COUNTS.computeIfAbsent(role, name -> new int[2]);
                            all[0] += count[0];
                            all[1] += count[1];
                        });
            }
        } catch (Throwable fault) {
            synchronized (COUNTS) {
                faults.add(fault);
            }
        }
    }

    private static Map<String, Holdable> roles(
            CuratorFramework client, String recipe, String path, int permits) throws Exception {
        switch (recipe) {
            case "rw":
                InterProcessReadWriteLock lock = new InterProcessReadWriteLock(client, path);
                return new TreeMap<>(
                        Map.of("read", of(lock.readLock()), "write", of(lock.writeLock())));
            case "semaphore":
                return Map.of("permit", of(new InterProcessSemaphoreV2(client, path, permits)));
            case "stored":
                SharedCount count = new SharedCount(client, path + "-count", permits);
                count.start();
                return Map.of("permit", of(new InterProcessSemaphoreV2(client, path, count)));
            case "mutex":
                return Map.of("write", of(new InterProcessSemaphoreMutex(client, path)));
            case "multi":
                return Map.of(
                        "write",
                        of(new InterProcessMultiLock(client, List.of(path + "/a", path + "/b"))));
            default:
                throw new IllegalArgumentException(recipe);
        }
    }

    private static Holdable of(InterProcessLock lock) {
        return new Holdable() {
            @Override
            public boolean tryToHold() throws Exception {
                return lock.acquire(0, TimeUnit.MILLISECONDS);
            }

            @Override
            public void hold() throws Exception {
                lock.acquire();
            }

            @Override
            public void release() throws Exception {
                lock.release();
            }
        };
    }

    private static Holdable of(InterProcessSemaphoreV2 semaphore) {
        return new Holdable() {
            private Lease lease;

            @Override
            public boolean tryToHold() throws Exception {
                lease = semaphore.acquire(0, TimeUnit.MILLISECONDS);
                return lease != null;
            }

            @Override
            public void hold() throws Exception {
                lease = semaphore.acquire();
            }

            @Override
            public void release() {
                semaphore.returnLease(lease);
            }
        };
    }

    private static void visit(Path folder, String role, String who, int permits) throws Exception {
        Path file = Files.createFile(folder.resolve(role + "-" + who));
        try {
            List<String> there;
            try (Stream<Path> files = Files.list(folder)) {
                there = files.map(found -> found.getFileName().toString()).collect(Collectors.toList());
            }
            long writers = there.stream().filter(name -> name.startsWith("write-")).count();
            boolean isRight =
                    role.equals("write")
                            ? there.size() == 1
                            : role.equals("read") ? writers == 0 : there.size() <= permits;
            if (!isRight) {
                throw new IllegalStateException(role + "-" + who + " is in with " + there);
            }
            Files.writeString(
                    Path.of(folder + ".log"), role + "-" + who + "\n", StandardOpenOption.APPEND);
            Thread.sleep(2);
        } finally {
            Files.delete(file);
        }
    }
}
