// Kafka's own batch writer and reader, over stdin and stdout, for many batches in one run.
//
//   write: reads specifications until the end, writes the batches that MemoryRecordsBuilder makes of them.
//   read:  reads bytes of batches until the end; for each writes 1, header and records, or 0 and what Java finds wrong.
//   read-unchecked: the same, as a consumer with check.crcs=false.
//
// A blob is its length (int32, -1 for null) and its bytes. A list of records is its count, then for each: offset int64,
// timestamp int64, key blob, value blob, header count int32, per header: name blob, value blob.

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.CloseableIterator;

public class RecordBatches {
    private static final DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 20));
    private static DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 20));

    public static void main(String[] args) throws Exception {
        while (true) {
            int first;
            try {
                first = in.readInt();
            } catch (EOFException end) {
                break;
            }
            switch (args[0]) {
                case "write": write(first); break;
                case "read": read(bytes(first), true); break;
                case "read-unchecked": read(bytes(first), false); break;
                default: throw new IllegalArgumentException(args[0]);
            }
        }
        out.flush();
    }

    private static void write(int codec) throws IOException {
        long baseOffset = in.readLong();
        long logAppendTime = in.readLong();
        long producerId = in.readLong();
        short producerEpoch = in.readShort();
        int baseSequence = in.readInt();
        int leaderEpoch = in.readInt();
        boolean transactional = in.readBoolean();
        int marker = in.readByte();
        if (marker >= 0) {
            long timestamp = in.readLong();
            ControlRecordType type = marker == 0 ? ControlRecordType.ABORT : ControlRecordType.COMMIT;
            EndTransactionMarker end = new EndTransactionMarker(type, in.readInt());
            put(MemoryRecords.withEndTransactionMarker(
                baseOffset, timestamp, leaderEpoch, producerId, producerEpoch, end).buffer());
            return;
        }
        TimestampType type = logAppendTime < 0 ? TimestampType.CREATE_TIME : TimestampType.LOG_APPEND_TIME;
        Compression compression = Compression.of(CompressionType.forId(codec)).build();
        MemoryRecordsBuilder builder = MemoryRecords.builder(
            ByteBuffer.allocate(1024), (byte) 2, compression, type, baseOffset, logAppendTime,
            producerId, producerEpoch, baseSequence, transactional, leaderEpoch);
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            long offset = in.readLong();
            long timestamp = in.readLong();
            byte[] key = blob();
            byte[] value = blob();
            Header[] headers = new Header[in.readInt()];
            for (int h = 0; h < headers.length; h++) {
                headers[h] = new RecordHeader(new String(blob(), StandardCharsets.UTF_8), blob());
            }
            builder.appendWithOffset(offset, timestamp, key, value, headers);
        }
        put(builder.build().buffer());
    }

    private static void read(byte[] bytes, boolean checked) throws IOException {
        DataOutputStream answers = out;
        // Not before it is whole: what fails in the middle of it must leave nothing behind.
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        out = new DataOutputStream(answer);
        try {
            List<Record> records = new ArrayList<>();
            var batches = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches();
            MutableRecordBatch batch = batches.iterator().next();
            if (checked) batch.ensureValid();
            try (CloseableIterator<Record> iterator = batch.streamingIterator(BufferSupplier.NO_CACHING)) {
                while (iterator.hasNext()) {
                    Record record = iterator.next();
                    if (checked) record.ensureValid();
                    records.add(record);
                }
            }
            for (Record record : records) for (Header header : record.headers()) header.key();
            out.writeByte(1);
            out.writeLong(batch.baseOffset());
            out.writeLong(batch.lastOffset());
            out.writeLong(batch.maxTimestamp());
            out.writeLong(batch.producerId());
            out.writeShort(batch.producerEpoch());
            out.writeInt(batch.baseSequence());
            out.writeInt(batch.partitionLeaderEpoch());
            out.writeByte((batch.isTransactional() ? 1 : 0) + (batch.isControlBatch() ? 2 : 0));
            out.writeByte(batch.compressionType().id);
            put(records);
            out = answers;
            answer.writeTo(out);
        } catch (Exception | Error error) {
            out = answers;
            out.writeByte(0);
            put(ByteBuffer.wrap(error.toString().getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static void put(List<Record> records) throws IOException {
        out.writeInt(records.size());
        for (Record record : records) {
            out.writeLong(record.offset());
            out.writeLong(record.timestamp());
            put(record.key());
            put(record.value());
            Header[] headers = record.headers();
            out.writeInt(headers.length);
            for (Header header : headers) {
                put(ByteBuffer.wrap(header.key().getBytes(StandardCharsets.UTF_8)));
                put(header.value() == null ? null : ByteBuffer.wrap(header.value()));
            }
        }
    }

    private static void put(ByteBuffer bytes) throws IOException {
        if (bytes == null) {
            out.writeInt(-1);
            return;
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        out.writeInt(copy.length);
        out.write(copy);
    }

    private static byte[] blob() throws IOException {
        int length = in.readInt();
        return length < 0 ? null : bytes(length);
    }

    private static byte[] bytes(int length) throws IOException {
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return bytes;
    }
}
