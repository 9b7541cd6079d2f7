// kcat (librdkafka), its output thrown away. [bench]
import { spawnSync } from 'node:child_process'
import { ALL_CODECS, FETCH_MAX_BYTES, PARTITION_FETCH_BYTES, type Rival } from './rival.ts'

/** Time of the whole process. */
export const kcat: Rival = {
  name: 'kcat',
  note: 'no CRC check; the whole process, output to /dev/null',
  codecs: ALL_CODECS,
  async prepare() {
    const { error } = spawnSync('kcat', ['-V'])
    if (error) throw new Error(`no kcat on the PATH: ${error.message}`)
  },
  command: ({ brokers, topic, records }) => {
    const limits = `-X fetch.message.max.bytes=${PARTITION_FETCH_BYTES} -X fetch.max.bytes=${FETCH_MAX_BYTES}`
    const read = `kcat -C -q -b "$BROKERS" -t "$TOPIC" -o beginning -e -c ${records} ${limits}`
    return { file: 'sh', args: ['-c', `exec ${read} > /dev/null`], env: { BROKERS: brokers, TOPIC: topic } }
  },
  // It prints no count: with -e -c it ends well only after so many records, or at the end of all partitions.
  parse: (_stdout, wallSeconds) => ({ records: Number.NaN, seconds: wallSeconds }),
}
