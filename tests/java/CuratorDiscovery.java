import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceInstanceBuilder;
import org.apache.curator.x.discovery.ServiceProvider;
import org.apache.curator.x.discovery.ServiceType;
import org.apache.curator.x.discovery.UriSpec;
import org.apache.curator.x.discovery.details.JsonInstanceSerializer;

/**
 * Curator's service discovery.
 *
 * <p>An instance is shown as "name,id,address,port,sslPort,type,enabled,PAYLOAD", the payload as Java prints it, in hex.
 */
final class CuratorDiscovery implements Talk.Family {
    private final CuratorFramework client;
    private final Map<String, ServiceDiscovery<Object>> discoveries = new HashMap<>();
    private final Map<String, ServiceCache<Object>> caches = new HashMap<>();
    private final Map<String, ServiceProvider<Object>> providers = new HashMap<>();

    CuratorDiscovery(CuratorFramework client) {
        this.client = client;
    }

    @Override
    public String answer(String[] words) throws Exception {
        String name = words[1];
        ServiceDiscovery<Object> discovery = discoveries.get(name);
        switch (words[0]) {
                // start NAME BASE any|details old|new: whose payloads are read, and whether `enabled` is written.
            case "start" -> start(name, words[2], words[3], words[4].equals("old"));
            case "register" -> discovery.registerService(instance(words));
            case "update" -> discovery.updateService(instance(words));
            case "unregister" -> discovery.unregisterService(instance(words));
            case "names" -> {
                List<String> names = new ArrayList<>(discovery.queryForNames());
                names.sort(null);
                return String.join(" ", names);
            }
            case "instances" -> {
                return shown(discovery.queryForInstances(words[2]));
            }
                // uri NAME SERVICE ID
            case "uri" -> {
                return discovery.queryForInstance(words[2], words[3]).buildUriSpec();
            }
                // cache NAME DISCOVERY SERVICE
            case "cache" -> {
                ServiceCache<Object> cache =
                        discoveries.get(words[2]).serviceCacheBuilder().name(words[3]).build();
                cache.start();
                caches.put(name, cache);
            }
                // await CACHE INSTANCES: until it has just these.
            case "await" -> {
                String wanted = String.join(" ", Arrays.copyOfRange(words, 2, words.length));
                ServiceCache<Object> cache = caches.get(name);
                Talk.await(wanted, () -> shown(cache.getInstances()).equals(wanted) ? 1 : null);
            }
                // provider NAME DISCOVERY SERVICE
            case "provider" -> {
                ServiceProvider<Object> provider =
                        discoveries
                                .get(words[2])
                                .serviceProviderBuilder()
                                .serviceName(words[3])
                                .build();
                provider.start();
                providers.put(name, provider);
            }
                // note-error PROVIDER ID: a call to it failed.
            case "note-error" -> {
                ServiceProvider<Object> provider = providers.get(name);
                for (ServiceInstance<Object> instance : provider.getAllInstances()) {
                    if (instance.getId().equals(words[2])) {
                        provider.noteError(instance);
                    }
                }
            }
            case "pick" -> {
                ServiceInstance<Object> picked = providers.get(name).getInstance();
                return picked == null ? "null" : shown(picked);
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private void start(String name, String base, String payload, boolean compatible)
            throws Exception {
        Class type = payload.equals("details") ? Details.class : Object.class;
        ServiceDiscovery<Object> discovery =
                ServiceDiscoveryBuilder.<Object>builder(type)
                        .client(client)
                        .basePath(base)
                        .serializer(new JsonInstanceSerializer<Object>(type, compatible))
                        .build();
        discovery.start();
        discoveries.put(name, discovery);
    }

    /** … NAME SERVICE ID ADDRESS PORT|- SSL|- TYPE KIND:PAYLOAD|- URI|- enabled|disabled. */
    private static ServiceInstance<Object> instance(String[] words) throws Exception {
        ServiceInstanceBuilder<Object> builder =
                ServiceInstance.<Object>builder()
                        .name(words[2])
                        .id(words[3])
                        .address(words[4])
                        .serviceType(ServiceType.valueOf(words[7]))
                        .registrationTimeUTC(1_700_000_000_000L)
                        .enabled(words[10].equals("enabled"));
        if (!words[5].equals("-")) {
            builder.port(Integer.parseInt(words[5]));
        }
        if (!words[6].equals("-")) {
            builder.sslPort(Integer.parseInt(words[6]));
        }
        if (!words[8].equals("-")) {
            builder.payload(payload(words[8]));
        }
        if (!words[9].equals("-")) {
            builder.uriSpec(new UriSpec(words[9]));
        }
        return builder.build();
    }

    private static Object payload(String word) {
        String kind = word.substring(0, word.indexOf(':'));
        String text = word.substring(word.indexOf(':') + 1);
        return switch (kind) {
            case "string" -> text;
            case "int" -> Integer.valueOf(text);
            case "long" -> Long.valueOf(text);
            case "double" -> Double.valueOf(text);
            case "bool" -> Boolean.valueOf(text);
            case "list" -> new ArrayList<>(List.of(text.split(",")));
            case "map" -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (String pair : text.split(",")) {
                    String[] sides = pair.split("=");
                    map.put(sides[0], sides[1]);
                }
                yield map;
            }
            case "nested" -> {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("tags", new ArrayList<>(List.of(text.split(","))));
                map.put("long", 7L);
                map.put("map", new LinkedHashMap<>(Map.of("details", new Details("eu", 3))));
                yield map;
            }
            case "details" -> new Details(text.split(",")[0], Integer.parseInt(text.split(",")[1]));
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private static String shown(Collection<ServiceInstance<Object>> instances) {
        return String.join(
                " ", instances.stream().map(CuratorDiscovery::shown).sorted().toList());
    }

    private static String shown(ServiceInstance<Object> of) {
        Object payload = of.getPayload();
        String text =
                payload == null
                        ? "null"
                        : Talk.word(payload.toString().getBytes(StandardCharsets.UTF_8));
        return String.join(
                ",",
                of.getName(),
                of.getId(),
                of.getAddress(),
                String.valueOf(of.getPort()),
                String.valueOf(of.getSslPort()),
                of.getServiceType().name(),
                String.valueOf(of.isEnabled()),
                text);
    }
}
