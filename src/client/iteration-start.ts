// Where an iteration starts and ends in each partition: asked of the brokers once, at its start. [main thread]
import { PartitionNotFound } from '../base/errors.ts'
import type { ReaderSettings } from '../control/commands.ts'
import type { CallLimits } from '../engine/calls.ts'
import type { Engine } from '../engine/engine.ts'
import { EARLIEST, LATEST, timestampOf } from '../protocol/offset-timestamps.ts'
import { askOffsets } from './ask-offsets.ts'
import type { From, TopicPlan } from './iteration-spec.ts'
import { PartitionProgress } from './partition-reader.ts'

/** A partition and where it is to be read from. */
interface Wanted {
  topic: string
  partition: number
  from: From
}

/** Where a partition is read. */
export interface StartedPartition {
  progress: PartitionProgress
  /** More than 0: the last so many records, counted back from the end. */
  last: number
  logStart: number
  /** The end seen at the start, also where reading goes on past it. */
  logEnd: number
}

/** What is needed to find the start. */
export interface StartPlan {
  engine: Engine
  topics: TopicPlan[]
  isolationLevel: ReaderSettings['isolationLevel']
  /** Whether reading ends at the ends seen now. */
  bounded: boolean
  limits: CallLimits
}

/** Resolves partitions, starts and ends. Ends are high watermarks, under read_committed last stable offsets. */
export async function findStart(plan: StartPlan): Promise<StartedPartition[]> {
  const wanted = await partitionsOf(plan)
  const starts = await ask(plan, wanted, () => EARLIEST)
  const ends = await ask(plan, wanted, () => LATEST)
  const dated = wanted.filter(({ from }) => from instanceof Date)
  const dates = await ask(plan, dated, ({ from }) => timestampOf(from as Date))
  return wanted.map((one) => {
    const key = keyOf(one)
    const logStart = starts.get(key) ?? 0
    const end = ends.get(key) ?? logStart
    const { topic, partition, from } = one
    // An offset outside the log means the nearer end of it.
    const position = Math.min(end, Math.max(logStart, positionOf(from, logStart, end, dates.get(key))))
    const progress = new PartitionProgress(topic, partition, position, plan.bounded ? end : undefined)
    const last = typeof from === 'number' && from < 0 && position > logStart ? -from : 0
    return { progress, last, logStart, logEnd: end }
  })
}

/** Before the end for a negative one: so many offsets, which are that many records if the log has no holes. */
function positionOf(from: From, logStart: number, end: number, dated: number | undefined): number {
  if (from === 'earliest') return logStart
  if (from === 'latest') return end
  // No record is as late as the date: there is nothing to read yet.
  if (from instanceof Date) return dated ?? end
  return from < 0 ? end + from : from
}

async function partitionsOf({ engine, topics, limits }: StartPlan): Promise<Wanted[]> {
  const known = await engine.call({ op: 'topics', topics: topics.map(({ topic }) => topic) }, limits)
  const counts = new Map(known.map(({ topic, partitions }) => [topic, partitions]))
  return topics.flatMap(({ topic, from, partitions }) => {
    const count = counts.get(topic) ?? 0
    if (partitions === undefined) return Array.from({ length: count }, (_, partition) => ({ topic, partition, from }))
    return [...partitions].map(([partition, start]) => {
      if (partition < count) return { topic, partition, from: start }
      const text = `${topic} has no partition ${partition}: it has ${count}, numbered from 0.`
      throw new PartitionNotFound('PARTITION_NOT_FOUND', text, { topic, partition })
    })
  })
}

async function ask(
  { engine, isolationLevel, limits }: StartPlan,
  wanted: Wanted[],
  timestampOf: (one: Wanted) => number,
): Promise<Map<string, number | undefined>> {
  const queries = wanted.map((one) => {
    return { topic: one.topic, partition: one.partition, timestamp: timestampOf(one) }
  })
  const answers = await askOffsets(engine, { queries, isolationLevel }, limits)
  return new Map(answers.map((answer) => [keyOf(answer), answer.offset]))
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`
