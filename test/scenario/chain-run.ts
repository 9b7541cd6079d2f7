// A chain of groups: each level copies a topic to the next while members come, go and die. [simulation, or a process
// of its own]
import type { ConsumerOptions } from '../../src/index.ts'
import type { ChainGround } from './chain-ground.ts'
import { ChainLevel, ChainMember, type ChainWork } from './chain-members.ts'

/** How long a chain, and how bad. */
export interface ChainOptions extends ChainWork {
  /** Where; its seed says what happens. */
  ground: Promise<ChainGround>
  records: number
  partitions?: number
  levels?: number
  /** Least and most time between two disturbances, ms. */
  everyMs?: readonly [number, number]
  /** Most time that it may take; default a day. */
  limitMs?: number
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

/** Time that a chain may take: it has no end of its own when something hangs. */
const LIMIT_MS = 24 * 3_600_000
const MEMBERS_MAX = 4

/** Runs a chain to its end, and ends its ground. */
export async function runChain(options: ChainOptions): Promise<ChainResult> {
  const { ground: opening, records, partitions = 4, levels: depth = 3, everyMs = [500, 1_500] } = options
  await using ground = await opening
  const topics = Array.from({ length: depth + 1 }, (_, i) => `level-${i}`)
  for (const topic of topics) await ground.createTopic(topic, partitions)
  const each = Math.ceil(records / partitions)
  for (let partition = 0; partition < partitions; partition++) {
    const numbers = Array.from({ length: each }, (_, i) => ({ partition, value: String(i) }))
    await ground.fill(topics[0]!, numbers, 100)
  }
  const levels = topics.slice(1).map((to, i) => new ChainLevel(topics[i]!, to, partitions))
  const overreach = options.transactional ? [] : watchCommits(ground, levels)
  const errors: unknown[] = []
  const join = (level: ChainLevel) => void new ChainMember(ground, level, options, errors)
  for (const level of levels) for (let i = 0; i < 2; i++) join(level)
  let disturbances = 0
  let over = false
  const disturb = async () => {
    while (!over) {
      await ground.sleep(between(ground, everyMs))
      disturbances++
      disturbOnce(ground, levels, join, errors)
    }
  }
  const disturbing = disturb()
  const last = topics.at(-1)!
  const seen = Array.from({ length: partitions }, () => new Set<number>())
  await ground.until(readUntil(ground, last, seen, each), options.limitMs ?? LIMIT_MS).catch((error) => {
    const places = [...levels.map(({ copied }) => copied), seen.map(({ size }) => size)]
    throw new Error(`${places.join(' | ')} of ${each}\n${[...new Set(errors.map(String))].join('\n')}`, {
      cause: error,
    })
  })
  over = true
  await ground.until(disturbing)
  for (const level of levels) for (const member of [...level.members]) await ground.until(member.leave())
  return { values: await ground.until(readAll(ground, last, partitions)), overreach, disturbances, errors }
}

function disturbOnce(
  ground: ChainGround,
  levels: ChainLevel[],
  join: (level: ChainLevel) => void,
  errors: unknown[],
): void {
  const level = pick(ground, levels)
  const member = pick(ground, [...level.members])
  const what = ground.random.next()
  ground.note('disturb', level.groupId, Math.floor(what * 4))
  if (what < 0.25 && level.members.size < MEMBERS_MAX) join(level)
  else if (what < 0.5 && level.members.size > 1) member.leave().catch((error) => errors.push(error))
  else if (what < 0.75) {
    member.die()
    if (level.members.size === 0 || ground.random.next() < 0.5) join(level)
  } else ground.cut()
}

/** The broker's own view: no commit of a level says more than was copied. */
function watchCommits(ground: ChainGround, levels: ChainLevel[]): string[] {
  const overreach: string[] = []
  const byGroup = new Map(levels.map((level) => [level.groupId, level]))
  ground.onCommit([...byGroup.keys()], (groupId, partition, offset) => {
    const upTo = byGroup.get(groupId)!.copied[partition]!
    if (offset > upTo) overreach.push(`${groupId}[${partition}]: ${offset} of ${upTo}`)
  })
  return overreach
}

/** Resolves when every partition has every number. */
async function readUntil(ground: ChainGround, topic: string, seen: Set<number>[], each: number): Promise<void> {
  const { kafka } = ground.process({ clientId: 'at the end' })
  for await (const { partition, value } of kafka.iterate(topic, { until: 'never' })) {
    seen[partition]!.add(Number(value))
    if (seen.every(({ size }) => size === each)) return
  }
}

async function readAll(ground: ChainGround, topic: string, partitions: number): Promise<number[][]> {
  const values: number[][] = Array.from({ length: partitions }, () => [])
  const { kafka } = ground.process({ clientId: 'judge' })
  for await (const { partition, value } of kafka.iterate(topic)) values[partition]!.push(Number(value))
  return values
}

const pick = <T>({ random }: ChainGround, from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!

const between = ({ random }: ChainGround, [least, most]: readonly [number, number]): number =>
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
