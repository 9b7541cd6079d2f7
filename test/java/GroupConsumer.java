// Kafka's own consumer as a member of a group: a line of JSON for each thing that happens to it.
//
// Arguments: bootstrap servers, group, topic, then properties as name=value. Ends, leaving the group, with its input.

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class GroupConsumer {
    private static volatile boolean over = false;

    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", args[0]);
        properties.put("group.id", args[1]);
        properties.put("auto.offset.reset", "earliest");
        properties.put("enable.auto.commit", "false");
        for (int i = 3; i < args.length; i++) {
            int at = args[i].indexOf('=');
            properties.put(args[i].substring(0, at), args[i].substring(at + 1));
        }
        Thread end = new Thread(GroupConsumer::awaitEnd);
        end.setDaemon(true);
        end.start();
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, bytes, bytes)) {
            consumer.subscribe(List.of(args[2]), new Listener(consumer));
            while (!over) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50)))
                    say("record", record.partition() + "/" + record.offset());
                commit(consumer);
            }
        }
    }

    private static void commit(KafkaConsumer<byte[], byte[]> consumer) {
        try {
            consumer.commitSync();
        } catch (RebalanceInProgressException rebalancing) {
            // once more when partitions are revoked, or after the next poll
        }
    }

    private static void awaitEnd() {
        try {
            while (System.in.read() >= 0) { }
        } catch (Exception ended) {
            // the same as the end of the input
        }
        over = true;
    }

    private static synchronized void say(String what, String text) {
        System.out.println("{\"" + what + "\":\"" + text + "\"}");
    }

    private static class Listener implements ConsumerRebalanceListener {
        private final KafkaConsumer<byte[], byte[]> consumer;

        Listener(KafkaConsumer<byte[], byte[]> consumer) {
            this.consumer = consumer;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            say("assigned", names(partitions));
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            commit(consumer);
            say("revoked", names(partitions));
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            say("lost", names(partitions));
        }

        private static String names(Collection<TopicPartition> partitions) {
            return partitions.stream()
                .map(one -> String.valueOf(one.partition()))
                .sorted()
                .collect(Collectors.joining(","));
        }
    }
}
