// One Kafka node for tests: formats its storage when needed, serves, and dies with the process that started it.

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;

public final class KafkaNode {
    /** Arguments: the server.properties, the cluster id, levels of features (`name=level`). */
    public static void main(String[] args) throws Exception {
        Thread watch = new Thread(KafkaNode::haltWithParent, "parent-watch");
        watch.setDaemon(true);
        watch.start();
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(Path.of(args[0]))) {
            properties.load(reader);
        }
        if (!new File(properties.getProperty("log.dirs"), "meta.properties").exists()) {
            List<String> format = new ArrayList<>(List.of("format", "-t", args[1], "-c", args[0]));
            for (String feature : Arrays.asList(args).subList(2, args.length)) format.addAll(List.of("-f", feature));
            int status = kafka.tools.StorageTool.execute(format.toArray(String[]::new), System.out);
            if (status != 0) System.exit(status);
        }
        kafka.Kafka.main(new String[] {args[0]});
    }

    /** Standard input is a pipe that nobody writes to: its end means that the test process is gone. */
    private static void haltWithParent() {
        try {
            while (System.in.read() >= 0) { }
        } catch (java.io.IOException e) {
            // the pipe broke: the parent is gone as well
        }
        Runtime.getRuntime().halt(0);
    }
}
