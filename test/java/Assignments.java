// Kafka's own assignors over many groups at once: JSON in, JSON out, subscriptions and assignments as their bytes.
//
// In:  [{ assignor, topics: [{ topic, partitions, racks: [[rack, ...], ...] | null }],
//         members: [{ memberId, instanceId | null, subscription: base64 }] }, ...]
// Out: [{ memberId: base64 of the assignment, ... }, ...]

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;

public class Assignments {
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        List<Map<String, String>> answers = new ArrayList<>();
        for (JsonNode group : json.readTree(System.in)) answers.add(assign(group));
        json.writeValue(System.out, answers);
    }

    private static Map<String, String> assign(JsonNode group) {
        Map<String, Subscription> members = new HashMap<>();
        for (JsonNode member : group.get("members")) {
            byte[] bytes = Base64.getDecoder().decode(member.get("subscription").asText());
            Subscription subscription = ConsumerProtocol.deserializeSubscription(ByteBuffer.wrap(bytes));
            if (!member.get("instanceId").isNull())
                subscription.setGroupInstanceId(Optional.of(member.get("instanceId").asText()));
            members.put(member.get("memberId").asText(), subscription);
        }
        ConsumerPartitionAssignor assignor = assignor(group.get("assignor").asText());
        Map<String, String> answer = new LinkedHashMap<>();
        Cluster cluster = cluster(group.get("topics"));
        assignor.assign(cluster, new GroupSubscription(members)).groupAssignment().forEach((id, one) -> {
            ByteBuffer bytes = ConsumerProtocol.serializeAssignment(one);
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            answer.put(id, Base64.getEncoder().encodeToString(copy));
        });
        return answer;
    }

    private static ConsumerPartitionAssignor assignor(String name) {
        return switch (name) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new StickyAssignor();
            default -> new CooperativeStickyAssignor();
        };
    }

    private static Cluster cluster(JsonNode topics) {
        Map<String, Node> nodes = new HashMap<>();
        List<PartitionInfo> partitions = new ArrayList<>();
        for (JsonNode topic : topics) {
            JsonNode racks = topic.get("racks");
            for (int i = 0; i < topic.get("partitions").asInt(); i++) {
                List<Node> replicas = new ArrayList<>();
                if (racks != null && !racks.isNull()) {
                    for (JsonNode rack : racks.get(i)) {
                        nodes.computeIfAbsent(rack.asText(), name -> new Node(nodes.size(), "h", 1, name));
                        replicas.add(nodes.get(rack.asText()));
                    }
                }
                Node[] all = replicas.toArray(new Node[0]);
                Node leader = all.length == 0 ? null : all[0];
                partitions.add(new PartitionInfo(topic.get("topic").asText(), i, leader, all, all));
            }
        }
        return new Cluster("c", nodes.values(), partitions, Set.of(), Set.of());
    }
}
