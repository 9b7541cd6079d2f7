// The same group requests to the embedded broker and to a real Kafka 4.3: the same answers, field by field.
// [test process]
import { expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { ownKafkaDescribe } from '../../support/kafka-describe.ts'
import { seed } from '../../support/seed.ts'
import { classicScript } from './classic-script.ts'
import { consumerScript } from './consumer-script.ts'
import { GroupScript, type Step } from './group-script.ts'
import { randomScript } from './random-script.ts'
import { sessionScript } from './session-script.ts'
import { transactionScript } from './transaction-script.ts'
import { unevenScript } from './uneven-script.ts'
import { unsubscribedScript } from './unsubscribed-script.ts'

async function play(address: string, prefix: string, run: (script: GroupScript) => Promise<void>): Promise<Step[]> {
  const script = new GroupScript(address, prefix)
  try {
    await run(script)
    return script.steps
  } finally {
    await script.close()
  }
}

/** Kafka computes assignments at once, in the heartbeat that asks for them, as the embedded broker does. */
const properties = {
  'group.consumer.assignment.interval.ms': 0,
  'group.consumer.assignor.offload.enable': 'false',
  'group.consumer.migration.policy': 'disabled',
  'group.consumer.session.timeout.ms': 4000,
  // On a busy machine the only broker would lose its partitions, and with them the groups, after three seconds.
  'broker.session.timeout.ms': 60_000,
}

ownKafkaDescribe('the embedded coordinator answers like Kafka', { properties }, (kafka) => {
  test.each([
    ['classic groups', classicScript],
    ['KIP-848 groups', consumerScript],
    ['KIP-848 members that read nothing', unsubscribedScript],
    ['KIP-848 members that read unlike topics', unevenScript],
    ['offsets in transactions', transactionScript],
    ['random members', randomScript(seed, 200)],
    ['other random members', randomScript(seed + 1, 200)],
    ['members that fall silent', sessionScript],
  ])('%s', async (_name, run) => {
    const prefix = `like-${process.pid}-${Date.now().toString(36)}-`
    await using broker = await Broker.start({ groups: { minSessionTimeoutMs: 1000, sessionTimeoutMs: 4000 } })
    const addresses = [broker.address, kafka.brokers[0]!]
    const played = await Promise.all(addresses.map((address) => play(address, prefix, run)))
    const [embedded, real] = played as [Step[], Step[]]
    expect(broker.errors).toEqual([])
    expect(embedded.map(({ what }) => what)).toEqual(real.map(({ what }) => what))
    for (const [i, step] of embedded.entries()) expect.soft(step.answer, step.what).toEqual(real[i]!.answer)
    expect(embedded.length).toBeGreaterThan(7)
  })
})
