// Reads a topic to its end with franz-go, touching offset and value length of every record; or writes one. [bench]
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func number(name string) int {
	value, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		fail(fmt.Errorf("%s: %w", name, err))
	}
	return value
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "produce" {
		produce()
	} else {
		consume()
	}
}

// No group, every partition from its start; the check of CRCs is franz-go's default and stays on.
func consume() {
	wanted := number("RECORDS")
	begin := time.Now()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("BROKERS"), ",")...),
		kgo.ConsumeTopics(os.Getenv("TOPIC")),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxBytes(int32(number("FETCH_MAX_BYTES"))),
		kgo.FetchMaxPartitionBytes(int32(number("PARTITION_FETCH_BYTES"))),
	)
	if err != nil {
		fail(err)
	}
	records, touched := 0, int64(0)
	for records < wanted {
		fetches := client.PollFetches(context.Background())
		if err := fetches.Err(); err != nil {
			fail(err)
		}
		fetches.EachPartition(func(partition kgo.FetchTopicPartition) {
			for _, record := range partition.Records {
				touched += record.Offset + int64(len(record.Value))
			}
			records += len(partition.Records)
		})
	}
	seconds := time.Since(begin).Seconds()
	client.Close()
	line, _ := json.Marshal(map[string]any{"records": records, "seconds": seconds, "touched": touched})
	fmt.Println(string(line))
}
