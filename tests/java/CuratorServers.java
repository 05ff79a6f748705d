import org.apache.curator.test.FailedServerStartException;
import org.apache.curator.test.TestingCluster;
import org.apache.curator.test.TestingServer;

/** Curator's servers for tests. They end with this process. */
final class CuratorServers implements Talk.Family {
    private AutoCloseable running;

    @Override
    public String answer(String[] words) throws Exception {
        switch (words[0]) {
                // Its connect string.
            case "server" -> {
                TestingServer server = new TestingServer();
                running = server;
                return server.getConnectString();
            }
            case "cluster" -> {
                TestingCluster cluster = Talk.await("servers", CuratorServers::cluster);
                running = cluster;
                return cluster.getConnectString();
            }
            case "close" -> running.close();
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    /** Null if one of them took longer than the second that it is given, as on a busy machine, or lost its port. */
    private static TestingCluster cluster() throws Exception {
        TestingCluster cluster = new TestingCluster(3);
        try {
            cluster.start();
            return cluster;
        } catch (FailedServerStartException e) {
            cluster.close();
            return null;
        }
    }
}
