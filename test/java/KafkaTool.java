// Apache Kafka's own clients behind a line protocol, so that tests need one JVM: a JSON request a line on standard
// input, a JSON answer a line on standard output, in order. See test/support/kafka-tool.ts for the requests.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class KafkaTool {
    private final ObjectMapper json = new ObjectMapper();
    private final String bootstrap;
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    private Admin admin;

    private KafkaTool(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** Argument: the bootstrap servers. */
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, "UTF-8");
        System.setOut(System.err); // nothing but answers on standard output
        KafkaTool tool = new KafkaTool(args[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 16);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = tool.json.createObjectNode();
            try {
                answer.set("result", tool.answer(tool.json.readTree(line)));
            } catch (Throwable e) {
                Throwable cause = e instanceof java.util.concurrent.ExecutionException ? e.getCause() : e;
                answer.put("error", cause.toString());
            }
            out.println(tool.json.writeValueAsString(answer));
            out.flush();
        }
        Runtime.getRuntime().halt(0); // the parent is gone or done; nothing here is worth an orderly end
    }

    private JsonNode answer(JsonNode request) throws Exception {
        String topic = request.path("topic").asText();
        switch (request.get("do").asText()) {
            case "createTopic": return createTopic(topic, request);
            case "createPartitions":
                return done(admin().createPartitions(
                    Map.of(topic, NewPartitions.increaseTo(request.get("partitions").asInt()))).all());
            case "deleteTopic": return done(admin().deleteTopics(List.of(topic)).all());
            case "deleteRecords":
                return done(admin().deleteRecords(Map.of(
                    new TopicPartition(topic, request.get("partition").asInt()),
                    RecordsToDelete.beforeOffset(request.get("before").asLong()))).all());
            case "produce": return produce(topic, request);
            case "begin": producer(request).beginTransaction(); return json.nullNode();
            case "commit": producer(request).commitTransaction(); return json.nullNode();
            case "abort": producer(request).abortTransaction(); return json.nullNode();
            case "consume": return consume(topic, request);
            case "offsets": return offsets(topic, request);
            case "moveLeader": return moveLeader(new TopicPartition(topic, request.get("partition").asInt()), request);
            case "partition": return partition(topic, request.get("partition").asInt());
            case "coordinator":
                return coordinator(request.get("group").asText(), request.get("transactional").asBoolean());
            case "committed": return committed(request.get("group").asText());
            default: throw new IllegalArgumentException("unknown request " + request);
        }
    }

    private Admin admin() {
        // A broker that was stopped must not hold up questions that another one can answer.
        if (admin == null) {
            admin = Admin.create(Map.of("bootstrap.servers", bootstrap, "request.timeout.ms", "5000"));
        }
        return admin;
    }

    private JsonNode done(Future<?> future) throws Exception {
        future.get();
        return json.nullNode();
    }

    /** The same replicas with another one first, and then an election of the first. */
    private JsonNode moveLeader(TopicPartition partition, JsonNode request) throws Exception {
        int to = request.get("to").asInt();
        List<Integer> replicas = new ArrayList<>();
        replicas.add(to);
        for (var node : describe(partition).replicas()) if (node.id() != to) replicas.add(node.id());
        admin().alterPartitionReassignments(
            Map.of(partition, Optional.of(new NewPartitionReassignment(replicas)))).all().get();
        for (int i = 0; describe(partition).leader() == null || describe(partition).leader().id() != to; i++) {
            if (i > 300) throw new IllegalStateException(partition + " is not led by " + to);
            try {
                admin().electLeaders(ElectionType.PREFERRED, Set.of(partition)).all().get();
            } catch (java.util.concurrent.ExecutionException e) {
                // Not needed any more, or not possible yet: the next look tells.
                if (!(e.getCause() instanceof org.apache.kafka.common.errors.ApiException)) throw e;
            }
            Thread.sleep(20);
        }
        return json.nullNode();
    }

    /** Answers [leader or -1, in-sync replicas, replicas]. */
    private JsonNode partition(String topic, int index) throws Exception {
        TopicPartitionInfo info = describe(new TopicPartition(topic, index));
        int leader = info.leader() == null ? -1 : info.leader().id();
        return json.createArrayNode().add(leader).add(info.isr().size()).add(info.replicas().size());
    }

    private TopicPartitionInfo describe(TopicPartition partition) throws Exception {
        return admin().describeTopics(List.of(partition.topic())).allTopicNames().get()
            .get(partition.topic()).partitions().get(partition.partition());
    }

    /** The node that coordinates a group or a transactional id. */
    private JsonNode coordinator(String key, boolean transactional) throws Exception {
        if (!transactional) {
            var groups = admin().describeConsumerGroups(List.of(key)).all().get();
            return json.getNodeFactory().numberNode(groups.get(key).coordinator().id());
        }
        var transactions = admin().describeTransactions(List.of(key)).all().get();
        return json.getNodeFactory().numberNode(transactions.get(key).coordinatorId());
    }

    private JsonNode committed(String group) throws Exception {
        ArrayNode result = json.createArrayNode();
        var offsets = admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        offsets.forEach((partition, at) -> {
            if (at != null) result.addArray().add(partition.topic()).add(partition.partition()).add(at.offset());
        });
        return result;
    }

    private JsonNode createTopic(String name, JsonNode request) throws Exception {
        Optional<Short> copies = request.has("replicationFactor")
            ? Optional.of((short) request.get("replicationFactor").asInt()) : Optional.empty();
        NewTopic topic = new NewTopic(name, Optional.of(request.path("partitions").asInt(1)), copies);
        topic.configs(strings(request.path("configs")));
        int wanted = topic.numPartitions();
        admin().createTopics(List.of(topic)).all().get();
        // The controller has answered; brokers learn of the topic a moment later.
        for (int i = 0; ; i++) {
            try {
                var found = admin().describeTopics(List.of(name)).allTopicNames().get().get(name);
                if (found.partitions().stream().filter(p -> p.leader() != null).count() == wanted) break;
            } catch (java.util.concurrent.ExecutionException e) {
                if (i > 500) throw e;
            }
            if (i > 500) throw new IllegalStateException("topic " + name + " has partitions without a leader");
            Thread.sleep(20);
        }
        return json.nullNode();
    }

    /** One producer per name and configuration; a transactional one is initialised once. */
    private KafkaProducer<byte[], byte[]> producer(JsonNode request) {
        Map<String, String> config = strings(request.path("config"));
        return producers.computeIfAbsent(config.toString(), key -> {
            Properties properties = new Properties();
            properties.put("bootstrap.servers", bootstrap);
            properties.put("max.request.size", "20000000");
            properties.put("max.block.ms", "30000");
            // One at a time: of two batches for a topic just made, Kafka 4.3 may refuse the first (not yet the leader)
            // and store the second. The first then never fits, and is tried until its time is over (KAFKA-15591).
            properties.put("max.in.flight.requests.per.connection", "1");
            properties.putAll(config);
            var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
            if (config.containsKey("transactional.id")) producer.initTransactions();
            return producer;
        });
    }

    /** Answers [partition, offset, timestamp] of each record. */
    private JsonNode produce(String topic, JsonNode request) throws Exception {
        KafkaProducer<byte[], byte[]> producer = producer(request);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode record : request.get("records")) {
            List<Header> headers = new ArrayList<>();
            for (JsonNode header : record.path("headers")) {
                headers.add(new RecordHeader(header.get(0).asText(), bytes(header.get(1))));
            }
            Integer partition = record.has("partition") ? record.get("partition").asInt() : null;
            Long timestamp = record.has("timestamp") ? record.get("timestamp").asLong() : null;
            sent.add(producer.send(new ProducerRecord<>(
                topic, partition, timestamp, bytes(record.get("key")), bytes(record.get("value")), headers)));
        }
        producer.flush();
        ArrayNode result = json.createArrayNode();
        for (Future<RecordMetadata> future : sent) {
            RecordMetadata metadata = future.get();
            result.addArray().add(metadata.partition()).add(metadata.offset()).add(metadata.timestamp());
        }
        return result;
    }

    /** Every record up to the ends seen at the start: [partition, offset, timestamp, key, value, headers]. */
    private JsonNode consume(String topic, JsonNode request) {
        ArrayNode result = json.createArrayNode();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(request)) {
            Collection<TopicPartition> partitions = partitions(consumer, topic);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (!partitions.stream().allMatch(p -> consumer.position(p) >= ends.get(p))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    TopicPartition from = new TopicPartition(topic, record.partition());
                    if (record.offset() >= ends.get(from)) continue;
                    ArrayNode row = result.addArray();
                    row.add(record.partition()).add(record.offset()).add(record.timestamp());
                    row.add(text(record.key())).add(text(record.value()));
                    ArrayNode headers = row.addArray();
                    record.headers().forEach(h -> headers.addArray().add(h.key()).add(text(h.value())));
                }
            }
        }
        return result;
    }

    /** Answers [partition, beginning, end] of each partition. */
    private JsonNode offsets(String topic, JsonNode request) {
        ArrayNode result = json.createArrayNode();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(request)) {
            Collection<TopicPartition> partitions = partitions(consumer, topic);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.beginningOffsets(partitions).forEach((partition, beginning) ->
                result.addArray().add(partition.partition()).add(beginning).add(ends.get(partition)));
        }
        return result;
    }

    private KafkaConsumer<byte[], byte[]> consumer(JsonNode request) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("enable.auto.commit", "false");
        properties.put("isolation.level", "read_committed");
        properties.put("max.poll.records", "10000");
        properties.putAll(strings(request.path("config")));
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static Collection<TopicPartition> partitions(KafkaConsumer<?, ?> consumer, String topic) {
        List<PartitionInfo> infos = consumer.partitionsFor(topic);
        return infos.stream().map(info -> new TopicPartition(topic, info.partition())).toList();
    }

    private static Map<String, String> strings(JsonNode node) {
        Map<String, String> result = new java.util.TreeMap<>();
        node.fields().forEachRemaining(entry -> result.put(entry.getKey(), entry.getValue().asText()));
        return result;
    }

    /** Bytes cross as base64, null as null; a number stands for so many bytes of a fixed pattern (large values). */
    private static byte[] bytes(JsonNode node) {
        if (node == null || node.isNull()) return null;
        if (!node.isNumber()) return Base64.getDecoder().decode(node.asText());
        byte[] pattern = new byte[node.asInt()];
        for (int i = 0; i < pattern.length; i++) pattern[i] = (byte) ('a' + (i * 31L + i / 1000) % 26);
        return pattern;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }
}
