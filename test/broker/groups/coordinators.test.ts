// Which node speaks for a group: coordinators that move and load, and what a test sees of a group. [test process]
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { RawClient } from '../raw-client.ts'
import { commitOf, join, subscription } from './classic-script.ts'
import { ScriptedMember } from './consumer-script.ts'

let broker: Broker
let clients: [RawClient, RawClient]

beforeEach(async () => {
  broker = await Broker.start({ brokers: 2 })
  broker.createTopic('t', { partitions: 2 })
  clients = (await Promise.all(broker.addresses.map((address) => RawClient.connect(address)))) as typeof clients
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

async function coordinatorOf(group: string, keyType = 0): Promise<number> {
  const answer = await clients[0].call('FindCoordinator', 4, { keyType, coordinatorKeys: [group] })
  return answer.coordinators[0]!.nodeId
}

test('a group follows its coordinator, and the node that had it says so', async () => {
  const before = await coordinatorOf('g')
  const after = 3 - before
  const [old, next] = [clients[before - 1]!, clients[after - 1]!]
  const { memberId } = await join(old, 5, 'g', { metadata: subscription(['t']) })
  await old.call('SyncGroup', 3, { groupId: 'g', generationId: 1, memberId })
  const transactional = await coordinatorOf('g', 1)
  broker.moveCoordinator('g', after, { loadMs: 300 })
  expect(await coordinatorOf('g')).toBe(after)
  expect(await coordinatorOf('g', 1)).toBe(transactional)
  const claim = { groupId: 'g', generationId: 1, memberId }
  const beat = async (client: RawClient) => (await client.call('Heartbeat', 4, claim)).errorCode
  expect(await beat(old)).toBe(ErrorCode.NOT_COORDINATOR)
  expect(await beat(next)).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  const commit = { groupId: 'g', memberId, generationIdOrMemberEpoch: 1, topics: commitOf('t', 5) }
  const codes = async (client: RawClient) => (await client.call('OffsetCommit', 8, commit)).topics[0]!.partitions[0]!
  expect(await codes(old)).toMatchObject({ errorCode: ErrorCode.NOT_COORDINATOR })
  expect(await codes(next)).toMatchObject({ errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS })
  while ((await beat(next)) === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) {}
  expect(await beat(next)).toBe(ErrorCode.NONE)
  expect(await codes(next)).toMatchObject({ errorCode: ErrorCode.NONE })
  expect((await next.call('ListGroups', 5, {})).groups.map(({ groupId }) => groupId)).toEqual(['g'])
  expect((await old.call('ListGroups', 5, {})).groups).toEqual([])
})

test('who waits for its generation is sent to the new coordinator at once', async () => {
  await broker.close()
  broker = await Broker.start({ brokers: 2, groups: { initialRebalanceDelayMs: 60_000 } })
  clients = (await Promise.all(broker.addresses.map((address) => RawClient.connect(address)))) as typeof clients
  const before = await coordinatorOf('g')
  const waiting = join(clients[before - 1]!, 5, 'g')
  while (broker.group('g')?.members.length !== 1) await new Promise((resolve) => setTimeout(resolve, 5))
  broker.moveCoordinator('g', 3 - before)
  expect((await waiting).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
  expect(() => broker.moveCoordinator('g', 7)).toThrow('moveCoordinator: there is no node 7')
})

test.each([1, 2])(
  'of %i nodes the coordinator is down for longer than a session: the group is as it was',
  async (brokers) => {
    await broker.close()
    broker = await Broker.start({ brokers, groups: { minSessionTimeoutMs: 100, initialRebalanceDelayMs: 50 } })
    broker.createTopic('t')
    clients = (await Promise.all(broker.addresses.map((address) => RawClient.connect(address)))) as typeof clients
    const node = await coordinatorOf('g')
    const coordinator = clients[node - 1]!
    const { memberId } = await join(coordinator, 3, 'g', { sessionTimeoutMs: 300 })
    const claim = { groupId: 'g', generationId: 1, memberId }
    await coordinator.call('SyncGroup', 3, claim)
    const waiting = expect(join(await RawClient.connect(broker.addresses[node - 1]!), 3, 'g')).rejects.toThrow('ended')
    while (broker.group('g')?.members.length !== 2) await new Promise((resolve) => setTimeout(resolve, 5))
    await broker.stopNode(node)
    await waiting
    // The other node takes over at once; without one time stands still for the group.
    await new Promise((resolve) => setTimeout(resolve, brokers === 1 ? 500 : 50))
    expect(broker.group('g')).toMatchObject({ epoch: 1, members: [{ memberId }] })
    await broker.startNode(node)
    const again = await RawClient.connect(broker.addresses[node - 1]!)
    expect(await again.call('Heartbeat', 4, claim)).toMatchObject({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS })
  },
)

test('a test sees members, assignments and offsets', async () => {
  expect(broker.group('g')).toBeUndefined()
  const coordinator = clients[(await coordinatorOf('g')) - 1]!
  const member = new ScriptedMember(coordinator, 'g', 'AAAAAAAAAAAAAAAAAAAAAA')
  await member.join(['t'])
  const claim = { memberId: member.id, generationIdOrMemberEpoch: member.epoch }
  await coordinator.call('OffsetCommit', 9, { groupId: 'g', ...claim, topics: commitOf('t', 5, 1) })
  const [one, two] = [0, 1].map((partition) => ({ topic: 't', partition }))
  expect(broker.group('g')).toEqual({
    type: 'Consumer',
    state: 'Stable',
    epoch: 2,
    members: [{ memberId: member.id, groupInstanceId: null, clientId: 'raw', epoch: 2, assignment: [one, two] }],
    offsets: [{ topic: 't', partition: 1, offset: 5, metadata: 'note' }],
  })
})

test('settings of groups are checked', async () => {
  await expect(Broker.start({ groups: { sessionTimeoutMs: -1 } })).rejects.toThrow('groups.sessionTimeoutMs must be')
  await expect(Broker.start({ groups: { maxSise: 1 } as object })).rejects.toThrow('groups has no setting maxSise')
})

test('the feature group.version is in force, as in Kafka 4.3', async () => {
  const about = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
  const answer = await clients[0].call('ApiVersions', 4, about)
  expect(answer.supportedFeatures).toContainEqual({ name: 'group.version', minVersion: 0, maxVersion: 1 })
  expect(answer.finalizedFeatures).toContainEqual({ name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 })
})
