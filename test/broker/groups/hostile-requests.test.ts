// Random requests of every group API, from members that know each other's ids: the coordinator survives them all.
// [test process]
import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../../../src/base/random.ts'
import { Broker } from '../../../src/broker/index.ts'
import { type ApiName, apis, type RequestInput } from '../../../src/protocol/apis.ts'
import { planOf } from '../../../src/protocol/plan.ts'
import { randomMessage } from '../../protocol/random-message.ts'
import { seed } from '../../support/seed.ts'
import { RawClient } from '../raw-client.ts'
import { join } from './classic-script.ts'
import { ScriptedMember } from './consumer-script.ts'

const groupApis = [
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
  'LeaveGroup',
  'OffsetCommit',
  'OffsetFetch',
  'OffsetDelete',
  'DescribeGroups',
  'ListGroups',
  'DeleteGroups',
  'ConsumerGroupHeartbeat',
  'ConsumerGroupDescribe',
] as const satisfies ApiName[]

/** Random values where they hurt most: few groups, few members, sound timeouts now and then. */
function aimed(value: unknown, random: Random, ids: readonly string[]): unknown {
  const pick = <T>(...values: T[]): T => values[Math.floor(random.next() * values.length)]!
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => aimed(item, random, ids))
  const fields = Object.entries(value).map(([name, field]) => {
    if (/^groupId/.test(name) && typeof field === 'string') return [name, pick('g', 'h', 'i', '')]
    if (name === 'memberId') return [name, pick('', ...ids)]
    if (/nstanceId$/.test(name)) return [name, pick(null, 'one', 'two')]
    if (name === 'protocolType') return [name, pick('consumer', '', field)]
    if (name === 'sessionTimeoutMs') return [name, pick(6000, field)]
    if (/Epoch$|^generationId/.test(name)) return [name, pick(-2, -1, 0, 1, 2, 3, field)]
    if (name === 'subscribedTopicNames') return [name, pick(null, ['t'], ['t', 'u'], field)]
    if (name === 'subscribedTopicRegex') return [name, pick(null, 't|u', '(', '')]
    if (name === 'serverAssignor') return [name, pick(null, 'range', 'uniform', 'x')]
    if (name === 'name') return [name, pick('t', 'u', field)]
    return [name, aimed(field, random, ids)]
  })
  return Object.fromEntries(fields)
}

test('thousands of random requests leave a coordinator that works', async () => {
  const random = seededRandom(seed)
  await using broker = await Broker.start()
  broker.createTopic('t', { partitions: 3 })
  broker.createTopic('u', { partitions: 2 })
  const client = await RawClient.connect(broker.address)
  let answered = 0
  for (let round = 0; round < 150; round++) {
    const ids = ['g', 'h', 'i'].flatMap((id) => broker.group(id)?.members.map(({ memberId }) => memberId) ?? [])
    // Many of them wait, so each has a connection of its own; none is waited for.
    const connection = await RawClient.connect(broker.address)
    for (let i = 0; i < 30; i++) {
      const api = groupApis[Math.floor(random.next() * groupApis.length)]!
      const [min, max] = apis[api].request.versions
      const version = min + Math.floor(random.next() * (max - min + 1))
      const body = aimed(randomMessage(planOf(apis[api].request, version), random), random, [...ids, 'A'.repeat(22)])
      try {
        connection.send(api, version, body as RequestInput<typeof api>)
      } catch {
        // A null where the version has no place for one: the client's own codec says no.
      }
    }
    connection.nextFrame().then(
      () => answered++,
      () => {},
    )
    await client.call('ListGroups', 5, {})
    if (random.next() < 0.7) void connection.close()
  }
  expect(broker.errors, `seed ${seed}`).toEqual([])
  expect(answered, `seed ${seed}`).toBeGreaterThan(20)
  const joined = await join(client, 5, 'sound')
  expect(joined, `seed ${seed}`).toMatchObject({ errorCode: 0, generationId: 1 })
  const member = new ScriptedMember(client, 'sound too', 'B'.repeat(22))
  expect((await member.join(['t'])).errorCode, `seed ${seed}`).toBe(0)
  expect(member.owned[0]?.partitions).toEqual([0, 1, 2])
})
