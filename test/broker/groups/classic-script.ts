// What classic members ask, in every order that a coordinator must tell apart. [test process]
import { Writer } from '../../../src/bytes/writer.ts'
import { codecOf } from '../../../src/protocol/compile.ts'
import { ConsumerProtocolSubscription } from '../../../src/protocol/messages/consumer-protocol.ts'
import type { RawClient } from '../raw-client.ts'
import type { GroupScript } from './group-script.ts'

/** The bytes of a subscription, as a consumer sends them. */
export function subscription(topics: readonly string[]): Uint8Array {
  const writer = new Writer()
  writer.int16(0)
  codecOf(ConsumerProtocolSubscription, 0).encode(writer, { topics })
  return writer.finish()
}

interface Joining {
  memberId?: string
  groupInstanceId?: string | null
  protocols?: readonly string[]
  metadata?: Uint8Array
  protocolType?: string
  sessionTimeoutMs?: number
  rebalanceTimeoutMs?: number
}

/** The body of a JoinGroup. */
export function joinOf(groupId: string, joining: Joining = {}) {
  const { protocols = ['range'], metadata = Buffer.from('m'), ...more } = joining
  return {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 20_000,
    protocolType: 'consumer',
    ...more,
    protocols: protocols.map((name) => ({ name, metadata })),
  }
}

/** A member: joins with the id it is given, when it is asked to. */
export async function join(client: RawClient, version: number, groupId: string, joining: Joining = {}) {
  const answer = await client.call('JoinGroup', version, joinOf(groupId, joining))
  if (answer.errorCode !== 79) return answer
  return client.call('JoinGroup', version, joinOf(groupId, { ...joining, memberId: answer.memberId }))
}

/** The partition of a commit. */
export function commitOf(topic: string, committedOffset: number, partitionIndex = 0) {
  return [{ name: topic, partitions: [{ partitionIndex, committedOffset, committedMetadata: 'note' }] }]
}

export async function classicScript(script: GroupScript): Promise<void> {
  await script.topic('t', 2)
  await script.topic('other', 1)
  await script.coordinated(`${script.prefix}g`)
  await refusals(script)
  await twoMembers(script)
  await commits(script)
  await staticMembers(script)
  await protocols(script)
}

async function refusals(script: GroupScript): Promise<void> {
  const client = await script.client()
  const g = `${script.prefix}refused`
  await script.coordinated(g)
  for (const version of [0, 5, 9]) {
    await script.ask(`join '' v${version}`, client, 'JoinGroup', version, joinOf(''))
    const unknown = joinOf(g, { memberId: 'nobody' })
    await script.ask(`join as nobody v${version}`, client, 'JoinGroup', version, unknown)
  }
  await script.ask('short session', client, 'JoinGroup', 5, joinOf(g, { sessionTimeoutMs: 1 }))
  await script.ask('long session', client, 'JoinGroup', 5, joinOf(g, { sessionTimeoutMs: 2_000_000_000 }))
  await script.ask('no protocols', client, 'JoinGroup', 5, joinOf(g, { protocols: [] }))
  await script.ask('no protocol type', client, 'JoinGroup', 5, joinOf(g, { protocolType: '' }))
  const claim = { groupId: g, generationId: 1, memberId: 'nobody' }
  const protocol = { protocolType: 'consumer', protocolName: 'range' }
  await script.ask('sync of nobody', client, 'SyncGroup', 3, claim)
  await script.ask('sync without protocol', client, 'SyncGroup', 5, claim)
  await script.ask("sync in ''", client, 'SyncGroup', 5, { ...claim, ...protocol, groupId: '' })
  await script.ask('heartbeat of nobody', client, 'Heartbeat', 4, claim)
  await script.ask("heartbeat in ''", client, 'Heartbeat', 4, { ...claim, groupId: '' })
  await script.ask('leave of nobody v2', client, 'LeaveGroup', 2, { groupId: g, memberId: 'nobody' })
  const two = [{ memberId: 'nobody' }, { memberId: '', groupInstanceId: 'x' }]
  await script.ask('leave of nobody v4', client, 'LeaveGroup', 4, { groupId: g, members: two })
  for (const version of [4, 5, 6]) {
    await script.ask(`describe nothing v${version}`, client, 'DescribeGroups', version, { groups: [`${g}x`, ''] })
  }
  await script.ask('delete nothing', client, 'DeleteGroups', 2, { groupsNames: [`${g}x`, ''] })
  const topics = [{ name: `${script.prefix}t`, partitions: [{ partitionIndex: 0 }] }]
  await script.ask('delete offsets of nothing', client, 'OffsetDelete', 0, { groupId: `${g}x`, topics })
}

async function twoMembers(script: GroupScript): Promise<void> {
  const g = `${script.prefix}g`
  const [a, b, admin] = await Promise.all([script.client(), script.client(), script.client()])
  const named = { protocolType: 'consumer', protocolName: 'range' }
  const metadata = subscription([`${script.prefix}t`])
  const asked = await script.ask('first asks for an id', a, 'JoinGroup', 5, joinOf(g, { metadata }))
  const one = asked.memberId
  const describe = (what: string) => script.ask(what, admin, 'DescribeGroups', 5, { groups: [g] })
  await script.ask('first joins', a, 'JoinGroup', 5, joinOf(g, { metadata, memberId: one }))
  const claim = { groupId: g, generationId: 1, memberId: one }
  await script.ask('wrong generation', a, 'SyncGroup', 5, { ...claim, ...named, generationId: 2 })
  await script.ask('wrong protocol', a, 'SyncGroup', 5, { ...claim, ...named, protocolName: 'other' })
  await script.ask('wrong type', a, 'SyncGroup', 5, { ...claim, ...named, protocolType: 'connect' })
  await describe('describe before the assignment')
  await script.ask('heartbeat before the assignment', a, 'Heartbeat', 4, claim)
  const assignments = [{ memberId: one, assignment: Buffer.from('for one') }]
  await script.ask('leader syncs', a, 'SyncGroup', 5, { ...claim, ...named, assignments })
  await script.ask('leader syncs again', a, 'SyncGroup', 3, claim)
  await script.ask('heartbeat', a, 'Heartbeat', 4, claim)
  await script.ask('heartbeat of the past', a, 'Heartbeat', 4, { ...claim, generationId: 0 })
  await describe('describe alone')
  await script.ask('joins with other protocols', b, 'JoinGroup', 5, joinOf(g, { protocols: ['sticky'] }))
  await script.ask('joins as another type', b, 'JoinGroup', 5, joinOf(g, { protocolType: 'connect' }))
  const two = (await script.ask('second asks for an id', b, 'JoinGroup', 6, joinOf(g, { metadata }))).memberId
  await script.ask('heartbeat while an id is out', a, 'Heartbeat', 4, claim)
  const joinsB = b.call('JoinGroup', 6, joinOf(g, { metadata, memberId: two }))
  await describeUntil(admin, g, 'PreparingRebalance')
  await describe('describe while joining')
  await script.ask('heartbeat while joining', a, 'Heartbeat', 4, claim)
  await script.ask('sync while joining', a, 'SyncGroup', 3, claim)
  const commit = { groupId: g, generationIdOrMemberEpoch: 1, memberId: one, topics: commitOf(`${script.prefix}t`, 3) }
  await script.ask('commit while joining', a, 'OffsetCommit', 8, commit)
  await script.ask('leader joins again', a, 'JoinGroup', 6, joinOf(g, { metadata, memberId: one }))
  script.note('second has joined', await joinsB)
  const next = { groupId: g, generationId: 2 }
  await script.ask('commit before the assignment', a, 'OffsetCommit', 8, { ...commit, generationIdOrMemberEpoch: 2 })
  await script.ask('leader repeats its join', a, 'JoinGroup', 6, joinOf(g, { metadata, memberId: one }))
  const syncsB = b.call('SyncGroup', 5, { ...next, ...named, memberId: two })
  const given = [{ memberId: two, assignment: Buffer.from('for two') }]
  await script.ask('leader syncs two', a, 'SyncGroup', 5, { ...next, ...named, memberId: one, assignments: given })
  script.note('second has synced', await syncsB)
  await describe('describe two')
  const operations = { groups: [g], includeAuthorizedOperations: true }
  await script.ask('describe with operations', admin, 'DescribeGroups', 6, operations)
  await script.ask('follower repeats its join', b, 'JoinGroup', 7, joinOf(g, { metadata, memberId: two }))
  await script.ask('delete a group with members', admin, 'DeleteGroups', 1, { groupsNames: [g] })
  const topics = ['t', 'other'].map((t) => ({ name: script.prefix + t, partitions: [{ partitionIndex: 0 }] }))
  await script.ask('delete offsets', admin, 'OffsetDelete', 0, { groupId: g, topics })
  await list(script, admin)
  await script.ask('second leaves', b, 'LeaveGroup', 2, { groupId: g, memberId: two })
  await script.ask('second leaves again', b, 'LeaveGroup', 1, { groupId: g, memberId: two })
  await script.ask('heartbeat after a leave', a, 'Heartbeat', 4, { ...next, memberId: one })
  await script.ask('first joins again', a, 'JoinGroup', 9, joinOf(g, { metadata, memberId: one }))
  await script.ask('first leaves', a, 'LeaveGroup', 5, { groupId: g, members: [{ memberId: one }] })
  await describe('describe empty')
}

async function list(script: GroupScript, admin: RawClient): Promise<void> {
  const mine = async (what: string, version: number, body: object) => {
    const { groups, errorCode } = await admin.call('ListGroups', version, body)
    script.note(what, { errorCode, groups: groups.filter(({ groupId }) => groupId === `${script.prefix}g`) })
  }
  await mine('list', 5, {})
  await mine('list v3', 3, {})
  await mine('list stable', 4, { statesFilter: ['stable'] })
  await mine('list empty', 4, { statesFilter: ['Empty'] })
  await mine('list classic', 5, { typesFilter: ['classic'] })
  await mine('list consumer', 5, { typesFilter: ['consumer'] })
}

/** Another connection's request has been taken up. */
async function describeUntil(client: RawClient, groupId: string, state: string): Promise<void> {
  for (;;) {
    const { groups } = await client.call('DescribeGroups', 5, { groups: [groupId] })
    if (groups[0]?.groupState === state) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function commits(script: GroupScript): Promise<void> {
  const g = `${script.prefix}commits`
  await script.coordinated(g)
  const [a, admin] = await Promise.all([script.client(), script.client()])
  const topics = commitOf(`${script.prefix}t`, 5)
  const commit = (what: string, version: number, more: object) =>
    script.ask(what, a, 'OffsetCommit', version, { groupId: g, topics, ...more })
  await commit('of a generation of no group v8', 8, { generationIdOrMemberEpoch: 3, memberId: 'm' })
  await commit('of a generation of no group v9', 9, { generationIdOrMemberEpoch: 3, memberId: 'm' })
  await commit('of nobody to no group', 8, {})
  await commit('of nobody to the group', 9, { topics: commitOf(`${script.prefix}t`, 6) })
  await commit('too much metadata', 8, {
    topics: [{ name: `${script.prefix}t`, partitions: [{ committedMetadata: 'x'.repeat(5000) }] }],
  })
  await commit('of no partition', 8, { topics: commitOf(`${script.prefix}t`, 1, 9) })
  await script.ask('describe a simple group', admin, 'DescribeGroups', 5, { groups: [g] })
  const joined = await join(a, 5, g)
  script.note('member', joined)
  const { memberId } = joined
  await commit('before the assignment', 8, { memberId, generationIdOrMemberEpoch: 1 })
  const synced = { groupId: g, generationId: 1, memberId }
  await script.ask('synced', a, 'SyncGroup', 3, synced)
  await commit('of the member', 8, { memberId, generationIdOrMemberEpoch: 1 })
  await commit('of the member v9', 9, { memberId, generationIdOrMemberEpoch: 1 })
  await commit('of the past', 8, { memberId, generationIdOrMemberEpoch: 0 })
  await commit('of the future', 9, { memberId, generationIdOrMemberEpoch: 9 })
  await commit('of a stranger', 8, { memberId: 'stranger', generationIdOrMemberEpoch: 1 })
  await commit('of nobody while there are members', 8, {})
  await commit('of a static stranger', 8, { memberId, groupInstanceId: 'i', generationIdOrMemberEpoch: 1 })
  const fetch = (what: string, group: object, more: object = {}) =>
    script.ask(what, admin, 'OffsetFetch', 9, { groups: [{ groupId: g, topics: null, ...group }], ...more })
  await fetch('fetch all', {})
  await fetch('fetch stable', {}, { requireStable: true })
  await fetch('fetch as a stranger', { memberId: 'stranger', memberEpoch: 7 })
  await script.ask('leaves', a, 'LeaveGroup', 3, { groupId: g, members: [{ memberId }] })
  await commit('of nobody once all have left', 8, {})
  await commit('of the member that has left', 8, { memberId, generationIdOrMemberEpoch: 1 })
  const partitions = [{ partitionIndex: 0 }, { partitionIndex: 9 }]
  const deleting = { groupId: g, topics: [{ name: `${script.prefix}t`, partitions }] }
  await script.ask('delete its offsets', admin, 'OffsetDelete', 0, deleting)
  await fetch('fetch what is left', {})
  await script.ask('delete it', admin, 'DeleteGroups', 2, { groupsNames: [g] })
  await script.ask('delete it again', admin, 'DeleteGroups', 2, { groupsNames: [g] })
}

async function staticMembers(script: GroupScript): Promise<void> {
  const g = `${script.prefix}static`
  await script.coordinated(g)
  const [a, b, admin] = await Promise.all([script.client(), script.client(), script.client()])
  const as = (groupInstanceId: string, memberId = '') => joinOf(g, { groupInstanceId, memberId })
  const one = await script.ask('static joins', a, 'JoinGroup', 5, as('i'))
  const assignments = [{ memberId: one.memberId, assignment: Buffer.from('all') }]
  const claim = { groupId: g, generationId: 1, memberId: one.memberId, groupInstanceId: 'i' }
  await script.ask('static syncs', a, 'SyncGroup', 3, { ...claim, assignments })
  await script.ask('another id for it', a, 'Heartbeat', 3, { ...claim, memberId: 'wrong' })
  await script.ask('unknown instance', a, 'Heartbeat', 3, { ...claim, groupInstanceId: 'j' })
  const again = await script.ask('restarts v8', b, 'JoinGroup', 8, as('i'))
  await script.ask('the old one beats', a, 'Heartbeat', 3, claim)
  await script.ask('the old one syncs', a, 'SyncGroup', 3, claim)
  await script.ask('the old one joins', a, 'JoinGroup', 5, as('i', one.memberId))
  const topics = commitOf(`${script.prefix}t`, 1)
  const commit = { groupId: g, topics, generationIdOrMemberEpoch: 1, groupInstanceId: 'i' }
  await script.ask('the old one commits', a, 'OffsetCommit', 7, { ...commit, memberId: one.memberId })
  const leaving = { groupId: g, members: [{ memberId: one.memberId, groupInstanceId: 'i' }] }
  await script.ask('the old one leaves', a, 'LeaveGroup', 3, leaving)
  await script.ask('the new one syncs', b, 'SyncGroup', 3, { ...claim, memberId: again.memberId })
  const third = await script.ask('restarts v9', b, 'JoinGroup', 9, as('i'))
  await script.ask('beats', b, 'Heartbeat', 3, { ...claim, memberId: third.memberId })
  const other = joinOf(g, { groupInstanceId: 'i', protocols: ['sticky', 'range'] })
  await script.ask('restarts with one protocol more', b, 'JoinGroup', 9, other)
  await script.ask('describe static', admin, 'DescribeGroups', 5, { groups: [g] })
  const members = [
    { memberId: '', groupInstanceId: 'i' },
    { memberId: '', groupInstanceId: 'j' },
    { memberId: 'nobody', groupInstanceId: null },
  ]
  await script.ask('leave by instance', admin, 'LeaveGroup', 4, { groupId: g, members })
  await script.ask('describe after that', admin, 'DescribeGroups', 5, { groups: [g] })
}

/** Members vote; who joins has to have one protocol in common with all. */
async function protocols(script: GroupScript): Promise<void> {
  const g = `${script.prefix}protocols`
  await script.coordinated(g)
  const clients = await Promise.all([script.client(), script.client(), script.client()])
  const lists = [
    ['x', 'y', 'z'],
    ['y', 'x'],
    ['y', 'x', 'z'],
  ]
  const admin = await script.client()
  const first = clients[0]!
  const { memberId } = await join(first, 4, g, { protocols: lists[0]! })
  await first.call('SyncGroup', 3, { groupId: g, generationId: 1, memberId })
  const later = [join(clients[1]!, 4, g, { protocols: lists[1]! })]
  await describeUntil(admin, g, 'PreparingRebalance')
  later.push(join(clients[2]!, 4, g, { protocols: lists[2]! }))
  for (let joined = 0; joined < 3; ) {
    const { groups } = await admin.call('DescribeGroups', 5, { groups: [g] })
    joined = groups[0]!.members.length
  }
  const leader = await first.call('JoinGroup', 4, joinOf(g, { protocols: lists[0]!, memberId }))
  const answers = [leader, ...(await Promise.all(later))]
  script.note(
    'the vote',
    answers.map(({ protocolName, errorCode, members }) => [protocolName, errorCode, members.length]),
  )
}
