// Question: what does a handler with JSON.parse gain by two worker threads, and what against kafkajs? [bench]
import { type ContestResult, inTurns } from '../contest.ts'
import type { Json8Topics } from '../json8-topics.ts'
import { measure } from '../measure.ts'
import { kafkajsParse } from '../rivals/kafkajs.ts'
import { millraceParse } from '../rivals/millrace.ts'

/** Who takes part; the goals name them. */
export const PARSERS = [millraceParse(2), millraceParse(0), kafkajsParse]

/** The topic without compression, so that the handler is what costs. */
export async function parseJson8(topics: Json8Topics, runs: number): Promise<ContestResult[]> {
  const codec = 'none'
  const topic = await topics.topic(codec)
  const { brokers, records } = topics
  const contestants = PARSERS.map((rival) => {
    return { rival, result: { codec, client: rival.name, note: rival.note, runs: [] } as ContestResult }
  })
  const setting = { brokers, topic, records, codec }
  await inTurns(`${topic}, JSON.parse`, contestants, runs, (rival) => measure(rival, setting))
  return contestants.map(({ result }) => result)
}
