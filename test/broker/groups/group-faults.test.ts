// The coordinator's errors, injected at each request of a group: each cell of the table does what it says.
// [test process]
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { apis } from '../../../src/protocol/apis.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { firstError } from '../../../src/protocol/first-error.ts'
import { type GroupFault, groupFaults, injectGroupFault } from '../../support/group-faults.ts'
import { RawClient } from '../raw-client.ts'

let broker: Broker
let client: RawClient

beforeAll(async () => {
  broker = await Broker.start()
  broker.createTopic('t')
  client = await RawClient.connect(broker.address)
})

afterAll(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

/** The code of the first error in the answer to a request of this group. */
async function codeOf(api: GroupFault['api'], groupId: string): Promise<number> {
  const version = apis[api].request.versions[1]
  const { topicId } = (await client.call('Metadata', 12, { topics: [{ name: 't' }] })).topics[0]!
  const groups = api === 'OffsetFetch' ? { groups: [{ groupId, topics: [{ topicId, partitionIndexes: [0] }] }] } : {}
  const topics = api === 'OffsetCommit' ? { topics: [{ topicId, partitions: [{}] }] } : {}
  const body = { ...(api === 'OffsetFetch' ? {} : { groupId }), ...groups, ...topics }
  const answer = await client.call(api, version, body)
  return firstError(api, answer)?.code ?? ErrorCode.NONE
}

test('there are 231 of them', () => {
  expect(groupFaults).toHaveLength(11 * 7 * 3)
})

test.each(groupFaults)('$code at $api, $times', async (fault) => {
  const healthy = await codeOf(fault.api, 'g')
  const injected = injectGroupFault(broker, 'g', fault, { skip: 1 })
  const codes: number[] = []
  for (let i = 0; i < 6; i++) codes.push(await codeOf(fault.api, 'g'))
  expect(await codeOf(fault.api, 'other')).toBe(healthy)
  const hits = { once: 1, 'three times': 3, 'until healed': 5 }[fault.times]
  const wanted = Array.from({ length: 6 }, (_, i) => (i >= 1 && i <= hits ? ErrorCode[fault.code] : healthy))
  expect(codes).toEqual(wanted)
  expect(injected.hits).toBe(hits)
  injected.heal()
  expect(await codeOf(fault.api, 'g')).toBe(healthy)
})
