// A chain of groups: each level copies a topic to the next while members come, go and die. [simulation]
import type { ConsumerOptions, ConsumerRecord } from '../../src/index.ts'
import { type Simulation, simulate } from '../../src/wiring/simulated.ts'
import { ChainLevel, ChainMember, type ChainWork } from './chain-members.ts'

/** How long a chain, and how bad. */
export interface ChainOptions extends ChainWork {
  seed: number
  records: number
  partitions?: number
  levels?: number
  /** Least and most time between two disturbances, ms. */
  everyMs?: readonly [number, number]
}

/** What came out at the end. */
export interface ChainResult {
  /** By partition: the numbers that were read of the last topic, in its order. */
  values: number[][]
  /** Commits that said more than was copied. */
  overreach: string[]
  disturbances: number
  errors: unknown[]
}

/** Virtual time that a chain may take: it has no end of its own when something hangs. */
const LIMIT_MS = 24 * 3_600_000
const MEMBERS_MAX = 4

/** Runs a chain to its end. */
export async function runChain(options: ChainOptions): Promise<ChainResult> {
  const { seed, records, partitions = 4, levels: depth = 3, everyMs = [500, 1_500] } = options
  const groups = { heartbeatIntervalMs: 500, sessionTimeoutMs: 6_000 }
  await using world = await simulate({ seed, brokers: 3, groups })
  const topics = Array.from({ length: depth + 1 }, (_, i) => `level-${i}`)
  for (const topic of topics) world.createTopic(topic, { partitions, replicationFactor: 3 })
  const each = Math.ceil(records / partitions)
  for (let partition = 0; partition < partitions; partition++) {
    const items = Array.from({ length: each }, (_, i) => ({ partition, value: String(i) }))
    await world.append(topics[0]!, items, { batchRecords: 100 })
  }
  const levels = topics.slice(1).map((to, i) => new ChainLevel(topics[i]!, to, partitions))
  const overreach = options.transactional ? [] : watchCommits(world, levels)
  const all: ChainMember[] = []
  const join = (level: ChainLevel) => all.push(new ChainMember(world, level, options))
  for (const level of levels) for (let i = 0; i < 2; i++) join(level)
  let disturbances = 0
  let over = false
  const disturb = async () => {
    while (!over) {
      await world.sleep(between(world, everyMs))
      disturbances++
      disturbOnce(world, levels, join)
    }
  }
  const disturbing = disturb()
  const done = async () => {
    while (levels.some(({ values }) => values.some(({ size }) => size < each))) await world.sleep(200)
  }
  await world.until(done(), LIMIT_MS).catch((error) => {
    const texts = new Set(all.flatMap(({ errors }) => errors.map(String)))
    throw new Error(
      `${levels.map(({ values }) => values.map(({ size }) => size)).join(' | ')}\n${[...texts].join('\n')}`,
      { cause: error },
    )
  })
  over = true
  await world.until(disturbing)
  for (const level of levels) for (const member of [...level.members]) await world.until(member.leave())
  const values = await world.until(readAll(world, topics.at(-1)!, partitions))
  return { values, overreach, disturbances, errors: all.flatMap(({ errors }) => errors) }
}

function disturbOnce(world: Simulation, levels: ChainLevel[], join: (level: ChainLevel) => void): void {
  const level = pick(world, levels)
  const member = pick(world, [...level.members])
  const what = world.random.next()
  world.note('disturb', level.groupId, Math.floor(what * 4))
  if (what < 0.25 && level.members.size < MEMBERS_MAX) join(level)
  else if (what < 0.5 && level.members.size > 1) void member.leave()
  else if (what < 0.75) {
    member.die()
    if (level.members.size === 0 || world.random.next() < 0.5) join(level)
  } else world.network.cut()
}

/** The broker's own view: no commit of a level says more than was copied. */
function watchCommits(world: Simulation, levels: ChainLevel[]): string[] {
  const overreach: string[] = []
  world.broker.on('OffsetCommit', ({ groupId, topics }) => {
    const level = levels.find((one) => one.groupId === groupId)
    for (const { partitions } of level === undefined ? [] : topics) {
      for (const { partitionIndex, committedOffset } of partitions) {
        const upTo = level!.copied[partitionIndex]!
        if (committedOffset > upTo) overreach.push(`${groupId}[${partitionIndex}]: ${committedOffset} of ${upTo}`)
      }
    }
    return undefined
  })
  return overreach
}

async function readAll(world: Simulation, topic: string, partitions: number): Promise<number[][]> {
  const values: number[][] = Array.from({ length: partitions }, () => [])
  const kafka = world.client({})
  const records: AsyncIterable<ConsumerRecord> = kafka.iterate(topic, { isolationLevel: 'read_committed' })
  for await (const { partition, value } of records) values[partition]!.push(Number(value))
  return values
}

const pick = <T>(world: Simulation, from: readonly T[]): T => from[Math.floor(world.random.next() * from.length)]!

const between = ({ random }: Simulation, [least, most]: readonly [number, number]): number =>
  least + random.next() * (most - least)

/** What is wrong with what came out: a gap, a step back in order, or, in transactions, a record that came twice. */
export function judgeChain({ values, overreach }: ChainResult, each: number, transactional: boolean): string[] {
  const wrong = [...overreach]
  for (const [partition, numbers] of values.entries()) {
    // Copies may start again at an earlier place, and go on from there without leaving anything out.
    let next = 0
    for (const [i, number] of numbers.entries()) {
      if (number > next) wrong.push(`${partition}: ${number} comes after ${numbers[i - 1]}, and ${next} is not there`)
      if (number < next && transactional) wrong.push(`${partition}: ${number} came twice`)
      next = Math.max(next, number + 1)
    }
    if (next !== each) wrong.push(`${partition}: ${next} of ${each} came`)
  }
  return wrong
}

/** The groups that a chain is made of, by name. */
export const chainGroups: Record<string, ConsumerOptions> = {
  range: { partitionAssignmentStrategy: ['range'] },
  roundrobin: { partitionAssignmentStrategy: ['roundrobin'] },
  sticky: { partitionAssignmentStrategy: ['sticky'] },
  'cooperative-sticky': { partitionAssignmentStrategy: ['cooperative-sticky'] },
  'KIP-848': { groupProtocol: 'consumer' },
}
