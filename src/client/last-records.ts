// Finds where the last N records of a partition begin, whatever holes its offsets have. [main thread]
import type { BatchStream } from './batch-stream.ts'
import type { StartedPartition } from './iteration-start.ts'
import { PartitionProgress } from './partition-reader.ts'

/** Opens a stream over partitions, for counting only. */
export type OpenStream = (progress: PartitionProgress[]) => BatchStream

/** One stretch of offsets of one partition, and what was found in it. */
interface Tally {
  started: StartedPartition
  from: number
  end: number
  /** Records that are still missing. */
  wanted: number
  found: number
  /** Where the last `wanted` records of the stretch begin. */
  position: number
}

/**
 * Moves the start of each partition with a `last` so that it holds at least that many records: compaction, markers and
 * aborted transactions leave holes, so the stretch of N offsets before the end may hold fewer. A stretch is read once
 * to count; while it holds too few, an earlier one, twice as long, is counted as well.
 */
export async function findLastRecords(partitions: StartedPartition[], open: OpenStream): Promise<void> {
  let tallies: Tally[] = partitions
    .filter(({ last }) => last > 0)
    .map((started) => {
      const { position } = started.progress
      return { started, from: position, end: started.logEnd, wanted: started.last, found: 0, position }
    })
  while (tallies.length > 0) {
    await count(tallies, open)
    for (const { started, position } of tallies) started.progress.position = position
    tallies = tallies.filter((tally) => tally.found < tally.wanted && tally.from > tally.started.logStart).map(earlier)
  }
}

/** The stretch before the one that held too few. */
function earlier({ started, from, end, wanted, found }: Tally): Tally {
  const length = Math.max((end - from) * 2, wanted)
  const start = Math.max(started.logStart, from - length)
  return { started, from: start, end: from, wanted: wanted - found, found: 0, position: start }
}

/** Counts the records of each stretch, and where its last `wanted` ones begin. */
async function count(tallies: Tally[], open: OpenStream): Promise<void> {
  const progress = tallies.map(({ started, from, end }) => {
    return new PartitionProgress(started.progress.topic, started.progress.partition, from, end)
  })
  // Only the last `wanted` offsets of each are kept, in a ring.
  const rings = new Map(progress.map((one, i) => [one, { offsets: [] as number[], seen: 0, size: tallies[i]!.wanted }]))
  const stream = open(progress)
  try {
    for (let pulled = await stream.pull(undefined); pulled !== 'end'; pulled = await stream.pull(undefined)) {
      if (pulled === 'idle') continue
      const ring = rings.get(pulled.reader.progress)!
      for (let i = 0; i < pulled.batch.count; i++) ring.offsets[ring.seen++ % ring.size] = pulled.batch.offsetAt(i)
      pulled.batch.release()
    }
  } finally {
    await stream.close()
  }
  for (const [i, tally] of tallies.entries()) {
    const { offsets, seen, size } = rings.get(progress[i]!)!
    tally.found = Math.min(seen, size)
    if (seen >= size) tally.position = offsets[seen % size]!
  }
}
