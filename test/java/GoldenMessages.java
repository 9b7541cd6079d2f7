// Writes the bytes of Kafka's own message classes, filled with values from a seed, for the versions named on stdin.
// Stdin: lines `<API key> <first version> <last version>`; key -1 stands for the two ConsumerProtocol messages.
// Stdout: frames of int16 key, int16 version, int8 kind (0 request, 1 response, 2 subscription, 3 assignment),
// int8 variant (see below), int32 size, and that many bytes: header and body, or the body alone for kinds 2 and 3.

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataOutputStream;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ConsumerProtocolAssignment;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;

public class GoldenMessages {
    /** Every field away from its default; the same with unknown tags in every struct; half of them left, nulls. */
    static final int FULL = 0, TAGGED = 1, SPARSE = 2;

    final Random random;
    final int variant;
    final short version;

    GoldenMessages(long seed, int variant, short version) {
        this.random = new Random(seed);
        this.variant = variant;
        this.version = version;
    }

    public static void main(String[] args) throws Exception {
        long seed = Long.parseLong(args[0]);
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            short key = Short.parseShort(words[0]);
            for (short v = Short.parseShort(words[1]); v <= Short.parseShort(words[2]); v++) {
                for (int variant : new int[] {FULL, TAGGED, SPARSE}) {
                    // FULL and TAGGED have the same seed: they differ in the tags alone.
                    long own = seed + 1000L * key + 10L * v + (variant == SPARSE ? 1 : 0);
                    if (key < 0) {
                        write(out, key, v, 2, variant, null, new ConsumerProtocolSubscription(), own);
                        write(out, key, v, 3, variant, null, new ConsumerProtocolAssignment(), own);
                    } else {
                        ApiMessageType type = ApiMessageType.fromApiKey(key);
                        write(out, key, v, 0, variant, requestHeader(type, v), type.newRequest(), own);
                        ResponseHeaderData header = new ResponseHeaderData().setCorrelationId(v);
                        write(out, key, v, 1, variant, header, type.newResponse(), own);
                    }
                }
            }
        }
        out.flush();
    }

    static RequestHeaderData requestHeader(ApiMessageType type, short version) {
        return new RequestHeaderData().setRequestApiKey(type.apiKey()).setRequestApiVersion(version)
            .setCorrelationId(version).setClientId(version % 2 == 0 ? "golden" : null);
    }

    static void write(DataOutputStream out, short key, short version, int kind, int variant, Message header,
                      Message body, long seed) throws Exception {
        GoldenMessages filler = new GoldenMessages(seed, variant, version);
        filler.fill(body, 0);
        byte[] bytes = serialize(body, version);
        byte[] head = new byte[0];
        if (header != null) {
            ApiMessageType type = ApiMessageType.fromApiKey(key);
            short headerVersion = kind == 0 ? type.requestHeaderVersion(version) : type.responseHeaderVersion(version);
            if (variant == TAGGED && !(header instanceof RequestHeaderData r && headerVersion < 2)
                && !(header instanceof ResponseHeaderData && headerVersion < 1)) addTags(header);
            head = serialize(header, headerVersion);
        }
        out.writeShort(key);
        out.writeShort(version);
        out.writeByte(kind);
        out.writeByte(variant);
        out.writeInt(head.length + bytes.length);
        out.write(head);
        out.write(bytes);
    }

    static byte[] serialize(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return buffer.array();
    }

    static void addTags(Message message) {
        message.unknownTaggedFields().add(new RawTaggedField(1000, new byte[] {1, 2, 3}));
        message.unknownTaggedFields().add(new RawTaggedField(70000, new byte[200]));
    }

    /** Gives each field a value that the version can carry; one that it refuses goes back to its default. */
    void fill(Message message, int depth) throws Exception {
        List<Field> fields = fieldsOf(message);
        // A default that cannot be written (null where null is not allowed) would make every other field look refused.
        for (Field field : writable(message) ? List.<Field>of() : fields) {
            if (field.get(message) == null) set(message, field, value(field, depth));
        }
        for (Field field : fields) {
            Object initial = field.get(message);
            if (variant == SPARSE && random.nextInt(3) == 0) continue;
            if (variant == SPARSE && !field.getType().isPrimitive() && random.nextInt(3) == 0) {
                field.set(message, null);
                if (!writable(message)) field.set(message, initial);
                continue;
            }
            boolean flip = initial instanceof Boolean && variant != SPARSE;
            set(message, field, flip ? (Object) !(Boolean) initial : value(field, depth));
            if (!writable(message)) field.set(message, initial);
        }
        if (variant == TAGGED) {
            addTags(message);
            if (!writable(message)) message.unknownTaggedFields().clear();
        }
    }

    static List<Field> fieldsOf(Message message) {
        List<Field> fields = new ArrayList<>();
        for (Field field : message.getClass().getDeclaredFields()) {
            boolean own = !List.of("_unknownTaggedFields", "next", "prev").contains(field.getName());
            if (Modifier.isStatic(field.getModifiers()) || !own) continue;
            field.setAccessible(true);
            fields.add(field);
        }
        return fields;
    }

    /** Calls the setter, which knows the range of unsigned fields that Java keeps in a wider type. */
    void set(Message message, Field field, Object value) throws Exception {
        String setter = "set" + Character.toUpperCase(field.getName().charAt(0)) + field.getName().substring(1);
        Method method = message.getClass().getMethod(setter, field.getType());
        try {
            method.invoke(message, value);
        } catch (InvocationTargetException refused) {
            boolean uint32 = field.getType() == long.class;
            method.invoke(message, uint32 ? (Object) 0xfedcba98L : (Object) (1 + random.nextInt(65535)));
        }
    }

    boolean writable(Message message) {
        try {
            serialize(message, version);
            message.hashCode(); // the sets of structs need it, and it knows of nulls that the version leaves out
            return true;
        } catch (RuntimeException refused) {
            return false;
        }
    }

    Object value(Field field, int depth) throws Exception {
        Class<?> type = field.getType();
        if (Collection.class.isAssignableFrom(type)) return collection(type, field.getGenericType(), depth);
        // Most int64 fields are offsets and times, which millrace reads as numbers: those stay below 2^52.
        boolean wide = field.getName().toLowerCase().contains("producerid");
        return type == long.class && wide ? (Object) random.nextLong() : scalar(type, depth);
    }

    Object scalar(Class<?> type, int depth) throws Exception {
        if (type == boolean.class || type == Boolean.class) return random.nextBoolean();
        if (type == byte.class || type == Byte.class) return (byte) (random.nextInt(100) - 120);
        if (type == short.class || type == Short.class) return (short) (2 + random.nextInt(30000));
        if (type == int.class || type == Integer.class) {
            return random.nextInt(2) == 0 ? 2 + random.nextInt(1000) : random.nextInt();
        }
        if (type == long.class || type == Long.class) return (random.nextLong() >> 11) | 2;
        if (type == double.class) return random.nextDouble() * 1e6;
        if (type == String.class) return text();
        if (type == Uuid.class) return new Uuid(random.nextLong(), random.nextLong());
        if (type == byte[].class) return someBytes();
        if (type == ByteBuffer.class) return ByteBuffer.wrap(someBytes());
        if (type == BaseRecords.class) return MemoryRecords.readableRecords(ByteBuffer.wrap(someBytes()));
        Message struct = (Message) type.getDeclaredConstructor().newInstance();
        fill(struct, depth + 1);
        return struct;
    }

    Object collection(Class<?> type, Type generic, int depth) throws Exception {
        Collection<Object> result = newCollection(type);
        Type owner = type == List.class ? generic : type.getGenericSuperclass();
        Type element = ((ParameterizedType) owner).getActualTypeArguments()[0];
        int count = variant == SPARSE ? random.nextInt(3) : depth == 0 ? 2 : 1 + random.nextInt(2);
        for (int i = 0; i < count; i++) result.add(scalar((Class<?>) element, depth));
        return result;
    }

    @SuppressWarnings("unchecked")
    static Collection<Object> newCollection(Class<?> type) throws Exception {
        if (type == List.class) return new ArrayList<>();
        return (Collection<Object>) type.getDeclaredConstructor().newInstance();
    }

    String text() {
        String[] alphabet = {"a", "Z", "7", "-", "é", "€", "中", "𝄞"};
        int length = random.nextInt(12) == 0 ? 150 : 1 + random.nextInt(12);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) text.append(alphabet[random.nextInt(alphabet.length)]);
        return text.toString();
    }

    byte[] someBytes() {
        byte[] bytes = new byte[1 + random.nextInt(random.nextInt(12) == 0 ? 300 : 20)];
        random.nextBytes(bytes);
        return bytes;
    }
}
