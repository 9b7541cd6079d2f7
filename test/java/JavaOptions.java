// What Java says about options: the names and defaults of its clients, and how it reads a properties file.
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;

public class JavaOptions {
    public static void main(String[] args) throws Exception {
        if (args[0].equals("defaults")) {
            print("consumer", ConsumerConfig.configDef());
            print("producer", ProducerConfig.configDef());
        } else {
            readFiles();
        }
    }

    /** A line for each option: client, name, default. */
    private static void print(String client, ConfigDef definitions) {
        for (Map.Entry<String, ConfigDef.ConfigKey> entry : new TreeMap<>(definitions.configKeys()).entrySet()) {
            Object value = entry.getValue().defaultValue;
            boolean none = value == null || value == ConfigDef.NO_DEFAULT_VALUE;
            System.out.println(client + "\t" + entry.getKey() + "\t" + (none ? "" : value));
        }
    }

    /** Each line of stdin is a file in Base64; the answer is its entries, sorted, in Base64, or "refused". */
    private static void readFiles() throws Exception {
        Base64.Encoder encoder = Base64.getEncoder();
        for (String line : new String(System.in.readAllBytes(), StandardCharsets.US_ASCII).split("\n")) {
            String text = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            Properties properties = new Properties();
            StringBuilder answer = new StringBuilder();
            try {
                properties.load(new java.io.StringReader(text));
                for (String key : new java.util.TreeSet<>(properties.stringPropertyNames())) {
                    answer.append(encoder.encodeToString(key.getBytes(StandardCharsets.UTF_8))).append('=');
                    answer.append(encoder.encodeToString(properties.getProperty(key).getBytes(StandardCharsets.UTF_8)));
                    answer.append(' ');
                }
            } catch (IllegalArgumentException broken) {
                answer.append("refused");
            }
            System.out.println(answer.toString().trim());
        }
    }
}
