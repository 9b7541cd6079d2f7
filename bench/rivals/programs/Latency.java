// How long a record takes from send to poll, with Kafka's Java clients: one at a time, or at a steady rate. [bench]
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Latency {
  static final int SIZE = 200;
  static final String topic = System.getenv("TOPIC");
  static final int records = Integer.parseInt(System.getenv("RECORDS"));
  static final int warmUp = Integer.parseInt(System.getenv("WARM_UP"));
  /** Records a second; 0: the next one a while after the one before has arrived. */
  static final int rate = Integer.parseInt(System.getenv("RATE"));
  static final long pauseNanos = Long.parseLong(System.getenv("PAUSE_MS")) * 1_000_000;
  static final long[] tookNanos = new long[records];
  static volatile int arrived = 0;

  public static void main(String[] args) throws Exception {
    Thread reader = new Thread(Latency::read);
    KafkaProducer<byte[], byte[]> producer = producer();
    producer.partitionsFor(topic);
    reader.start();
    Thread.sleep(2_000);
    long begin = System.nanoTime();
    for (int sent = 0; sent < records; sent++) {
      if (rate == 0) {
        while (arrived < sent) LockSupport.parkNanos(50_000);
        LockSupport.parkNanos(pauseNanos);
      } else {
        long due = begin + sent * 1_000_000_000L / rate;
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) LockSupport.parkNanos(left);
      }
      byte[] value = new byte[SIZE];
      ByteBuffer.wrap(value).putLong(System.nanoTime());
      producer.send(new ProducerRecord<>(topic, value));
    }
    producer.flush();
    reader.join();
    long[] sorted = Arrays.copyOfRange(tookNanos, warmUp, records);
    Arrays.sort(sorted);
    System.out.printf(java.util.Locale.ROOT, "{\"records\":%d,\"p50\":%.4f,\"p99\":%.4f}%n",
        sorted.length, at(sorted, 0.5), at(sorted, 0.99));
    producer.close();
  }

  static double at(long[] sorted, double share) {
    return sorted[(int) Math.min(sorted.length - 1, Math.floor(sorted.length * share))] / 1e6;
  }

  static void read() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", System.getenv("BROKERS"));
    settings.put("fetch.min.bytes", "1");
    settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings)) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToEnd(List.of(partition));
      consumer.position(partition);
      while (arrived < records) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
          tookNanos[arrived] = System.nanoTime() - ByteBuffer.wrap(record.value()).getLong();
          arrived = arrived + 1;
        }
      }
    }
  }

  static KafkaProducer<byte[], byte[]> producer() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", System.getenv("BROKERS"));
    settings.put("acks", "1");
    settings.put("enable.idempotence", "false");
    settings.put("linger.ms", "0");
    settings.put("key.serializer", ByteArraySerializer.class.getName());
    settings.put("value.serializer", ByteArraySerializer.class.getName());
    return new KafkaProducer<>(settings);
  }
}
