// Question: how fast is the topic `json8` read from real Kafka, by us and by others, in one run? [bench]
import { type ContestResult, inTurns, prepareAll } from '../contest.ts'
import type { Json8Topics } from '../json8-topics.ts'
import { measure } from '../measure.ts'
import { floor } from '../rivals/floor.ts'
import { franzGo } from '../rivals/franz-go.ts'
import { java } from '../rivals/java.ts'
import { kafkajs } from '../rivals/kafkajs.ts'
import { kcat } from '../rivals/kcat.ts'
import { millraceBatches, millraceRecords } from '../rivals/millrace.ts'
import { platformatic } from '../rivals/platformatic.ts'
import type { Measured, Rival } from '../rivals/rival.ts'

/** What is compared, and how often. */
export interface ConsumeOptions {
  codecs: string[]
  runs: number
}

/** All runs of one client on one codec. */
export type ConsumeResult = ContestResult

const rivals: Rival[] = [millraceBatches, millraceRecords, franzGo, java, kcat, kafkajs, platformatic, floor]

/** Reads one topic a codec in alternation; `report` gets each codec's results as soon as they are there. */
export async function consumeJson8(
  topics: Json8Topics,
  { codecs, runs }: ConsumeOptions,
  report: (results: ConsumeResult[]) => void,
): Promise<void> {
  const missing = await prepareAll(rivals)
  for (const codec of codecs) {
    const contests = rivals
      .filter((rival) => rival.codecs.includes(codec))
      .map((rival) => ({ rival, result: entry(codec, rival, missing.get(rival)) }))
    const topic = await topics.topic(codec)
    const seen: { touched?: number } = {}
    await inTurns(topic, contests, runs, (rival) => read(topics, topic, rival, codec, seen))
    report(contests.map(({ result }) => result))
  }
}

function entry(codec: string, { name, note }: Rival, failed: string | undefined): ConsumeResult {
  return { codec, client: name, note, runs: [], ...(failed === undefined ? {} : { failed }) }
}

/** One run of one client; those who read the whole topic must have seen the same. */
async function read(
  topics: Json8Topics,
  topic: string,
  rival: Rival,
  codec: string,
  seen: { touched?: number },
): Promise<Measured> {
  const records = Math.min(topics.records, rival.recordsMax?.(codec) ?? topics.records)
  const measured = await measure(rival, { brokers: topics.brokers, topic, records, codec })
  const { touched } = measured
  if (touched !== undefined && records === topics.records) {
    seen.touched ??= touched
    if (touched !== seen.touched) throw new Error(`${rival.name} saw other records: ${touched}, not ${seen.touched}`)
  }
  return measured
}
