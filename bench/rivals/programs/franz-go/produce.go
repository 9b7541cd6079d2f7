// Writes lines of a file to a topic with franz-go, as fast as it takes them. [bench]
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var compressions = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

// Its default of 10,000 buffered records would fill no batch of 1 MB on eight partitions.
const bufferedRecords = 500_000

// Linger 5 ms, batches of 1 MB; acks 1 without idempotence, or acks all with it.
func produce() {
	payload, err := os.ReadFile(os.Getenv("PAYLOAD"))
	if err != nil {
		fail(err)
	}
	lines := bytes.Split(payload, []byte("\n"))
	wanted := number("RECORDS")
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(os.Getenv("BROKERS"), ",")...),
		kgo.DefaultProduceTopic(os.Getenv("TOPIC")),
		kgo.ProducerLinger(5 * time.Millisecond),
		kgo.ProducerBatchMaxBytes(1_000_000),
		kgo.ProducerBatchCompression(compressions[os.Getenv("CODEC")]),
		kgo.MaxBufferedRecords(bufferedRecords),
	}
	if os.Getenv("ACKS") == "1" {
		options = append(options, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	}
	begin := time.Now()
	client, err := kgo.NewClient(options...)
	if err != nil {
		fail(err)
	}
	var stored sync.WaitGroup
	stored.Add(wanted)
	for i := 0; i < wanted; i++ {
		client.Produce(context.Background(), kgo.SliceRecord(lines[i%len(lines)]), func(_ *kgo.Record, err error) {
			if err != nil {
				fail(err)
			}
			stored.Done()
		})
	}
	stored.Wait()
	seconds := time.Since(begin).Seconds()
	client.Close()
	fmt.Printf("{\"records\":%d,\"seconds\":%f}\n", wanted, seconds)
}
