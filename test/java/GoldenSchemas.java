// Prints what our tables are compared with: Kafka's own message definitions and error codes.
// Output: a line `=== <file>` before each definition, then a line `=== errors` and one tab-separated line per error.

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.Errors;

public class GoldenSchemas {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        String jar = ApiMessageType.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        try (JarFile file = new JarFile(jar)) {
            for (Enumeration<JarEntry> entries = file.entries(); entries.hasMoreElements();) {
                JarEntry entry = entries.nextElement();
                if (!entry.getName().startsWith("common/message/") || !entry.getName().endsWith(".json")) continue;
                out.println("=== " + entry.getName());
                try (InputStream in = file.getInputStream(entry)) {
                    out.write(in.readAllBytes());
                }
                out.println();
            }
        }
        out.println("=== errors");
        for (Errors error : Errors.values()) {
            out.println(error.code() + "\t" + error.name() + "\t" + (error.exception() instanceof RetriableException));
        }
        out.flush();
    }
}
