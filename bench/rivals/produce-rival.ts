// What a client that writes is told: the lines, the codec, the acknowledgements. [bench]
import type { Rival, Setting } from './rival.ts'

/** `all` goes with idempotence, 1 without. */
export type BenchAcks = '1' | 'all'

/** One writing of a topic. */
export interface ProduceSetting extends Setting {
  /** A file of lines, a record each; from its beginning again when it is used up. */
  payloadFile: string
  acks: BenchAcks
}

/** A client that writes. */
export type ProduceRival = Rival<ProduceSetting>

/** What our own writer programs are told, by their environment. */
export function producerEnvironment(setting: ProduceSetting): Record<string, string> {
  const { brokers, topic, records, payloadFile, codec, acks } = setting
  return { BROKERS: brokers, TOPIC: topic, RECORDS: String(records), PAYLOAD: payloadFile, CODEC: codec, ACKS: acks }
}
