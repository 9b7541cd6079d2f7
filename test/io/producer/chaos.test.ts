// Producers in a bad network on brokers that misbehave: what main was told is what the logs hold, and no byte strays.
import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../../src/base/random.ts'
import type { Broker, Fault } from '../../../src/broker/index.ts'
import type { BatchReport } from '../../../src/control/producing.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { producerWorlds } from '../../support/producer-world.ts'
import type { Sent } from '../../support/producing.ts'

const start = producerWorlds()

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const TOPICS = ['alpha', 'beta', 'gamma', 'delta']
const FAULTS: Fault<'Produce'>[] = [
  { cut: 'before' },
  { cut: 'after' },
  { delayMs: 300 },
  { drop: 'after' },
  { drop: 'before' },
  { cutAfterBytes: 20 },
  { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS },
  { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER },
  { errorCode: ErrorCode.INVALID_RECORD },
]

interface Tagged {
  tag: string
  topic: string
  partition: number
  sent: Sent
}

/** Every value names its place and its batch, and fills a good part of the memory. */
const tagOf = (topic: string, partition: number, index: number) =>
  `${topic}/${partition}#${index} ${topic.repeat(1 + (index % 200))}`

function misbehave(broker: Broker, random: Random): void {
  broker.on('Produce', () => {
    return random.next() < 0.1 ? FAULTS[Math.floor(random.next() * FAULTS.length)] : undefined
  })
}

describe.each([true, false])('idempotent: %s', (idempotent) => {
  test.each(Array.from({ length: 10 }, (_, i) => SEED + i))(
    'MILLRACE_SEED=%i: reports and logs agree',
    async (seed) => {
      const settings = { idempotent, requestTimeoutMs: 1_000, connectionsPerBroker: 1 + (seed % 3) }
      const { clock, pipes, broker, rig } = await start(settings, { brokers: 3, seed })
      const random = seededRandom(seed)
      const upTo = (max: number) => Math.floor(random.next() * (max + 1))
      for (const topic of TOPICS) broker.createTopic(topic, { partitions: 3, assignments: [[1], [2], [3]] })
      misbehave(broker, random)
      Object.assign(pipes.faults, { latencyMs: [1, 20], sliceBytes: 700, chopChance: 0.1, cutChance: 0.002 })
      const all: Tagged[] = []
      for (let round = 0; round < 60; round++) {
        for (let i = upTo(12); i > 0; i--) {
          const [topic, partition] = [TOPICS[upTo(3)]!, upTo(2)]
          const tag = tagOf(topic, partition, all.length)
          const timeoutMs = random.next() < 0.2 ? upTo(400) : 60_000
          const pieceBytes = 61 + upTo(500)
          all.push({
            tag,
            topic,
            partition,
            sent: rig.send({ topic, partition, values: [tag], timeoutMs, pieceBytes }),
          })
        }
        if (random.next() < 0.1) broker.moveLeader(TOPICS[upTo(3)]!, upTo(2), 1 + upTo(2))
        await clock.advance(upTo(60))
      }
      broker.off()
      Object.assign(pipes.faults, { chopChance: 0, cutChance: 0 })
      const reports = await clock.until(Promise.all(all.map(({ sent }) => sent.report)))
      await clock.until(Promise.all(all.map(({ sent }) => sent.freed)))
      check(broker, all, reports, idempotent)
      await clock.until(rig.close())
    },
  )
})

function check(broker: Broker, all: readonly Tagged[], reports: readonly BatchReport[], idempotent: boolean): void {
  const logs = new Map<string, string[]>()
  for (const topic of TOPICS) {
    for (let partition = 0; partition < 3; partition++) {
      const messages = broker.messages(topic, partition) as { value: Uint8Array }[]
      logs.set(
        `${topic}/${partition}`,
        messages.map(({ value }) => String(value)),
      )
    }
  }
  let storedCount = 0
  for (const [i, { tag, topic, partition }] of all.entries()) {
    const log = logs.get(`${topic}/${partition}`)!
    const { error, baseOffset } = reports[i]!
    const places = log.filter((value) => value === tag).length
    if (error === undefined) {
      storedCount++
      if (baseOffset >= 0) expect(log[baseOffset]).toBe(tag)
      if (idempotent) expect([tag.slice(0, 12), places]).toEqual([tag.slice(0, 12), 1])
      else expect(places).toBeGreaterThanOrEqual(1)
    } else if (error.stored === 'not stored') {
      expect([tag.slice(0, 12), places]).toEqual([tag.slice(0, 12), 0])
    } else {
      expect(error.stored).toBe('may be stored')
      if (idempotent) expect(places).toBeLessThanOrEqual(1)
    }
  }
  expect(storedCount).toBeGreaterThan(all.length / 3)
  for (const [place, log] of logs) {
    const expected = new Set(all.filter((one) => `${one.topic}/${one.partition}` === place).map(({ tag }) => tag))
    for (const value of log) expect([place, expected.has(value)]).toEqual([place, true])
    if (!idempotent) continue
    const order = log.map((value) => Number(/#(\d+) /.exec(value)![1]))
    expect(order).toEqual([...order].sort((a, b) => a - b))
  }
}
