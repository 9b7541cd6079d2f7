// What KIP-848 members ask, step by step through joins, hand-overs, fencing and leaving. [test process]
import type { ResponseOf } from '../../../src/protocol/apis.ts'
import type { RawClient } from '../raw-client.ts'
import { commitOf, joinOf } from './classic-script.ts'
import { type GroupScript, sleep } from './group-script.ts'

type Heartbeat = ResponseOf<'ConsumerGroupHeartbeat'>
type Owned = NonNullable<Heartbeat['assignment']>['topicPartitions']

/** The first heartbeat of a member. */
export function joining(groupId: string, memberId: string, more: object = {}) {
  return {
    groupId,
    memberId,
    memberEpoch: 0,
    rebalanceTimeoutMs: 30_000,
    subscribedTopicNames: [] as string[],
    topicPartitions: [],
    ...more,
  }
}

/** A member that heartbeats as it is told, and knows what it has. */
export class ScriptedMember {
  readonly id: string
  readonly #client: RawClient
  readonly #groupId: string
  epoch = 0
  owned: Owned = []

  constructor(client: RawClient, groupId: string, id: string) {
    this.#client = client
    this.#groupId = groupId
    this.id = id
  }

  /** A heartbeat; whatever it is given it has at once, and what is taken it gives back with the next one. */
  async beat(more: object = {}): Promise<Heartbeat> {
    const body = { groupId: this.#groupId, memberId: this.id, memberEpoch: this.epoch, ...more }
    const answer = await this.#client.call('ConsumerGroupHeartbeat', 1, body)
    if (answer.errorCode !== 0) return answer
    this.epoch = answer.memberEpoch
    if (answer.assignment !== null) this.owned = answer.assignment.topicPartitions
    return answer
  }

  join(topics: readonly string[], more: object = {}): Promise<Heartbeat> {
    return this.beat({ ...joining(this.#groupId, this.id), subscribedTopicNames: topics, memberEpoch: 0, ...more })
  }

  /** Tells what it has. */
  acknowledge(): Promise<Heartbeat> {
    return this.beat({ topicPartitions: this.owned })
  }
}

export async function consumerScript(script: GroupScript): Promise<void> {
  await script.topic('t', 4)
  await script.topic('u', 2)
  await features(script)
  await refusals(script)
  await handOver(script)
  await fencing(script)
  await staticMembers(script)
  await expressions(script)
  await otherKinds(script)
}

/** The id of a member: 22 characters, as clients make it. */
export function idOf(name: string): string {
  return `${name}AAAAAAAAAAAAAAAAAAAAAAAA`.slice(0, 22)
}

async function features(script: GroupScript): Promise<void> {
  const about = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
  const client = await script.client()
  const { supportedFeatures, finalizedFeatures } = await client.call('ApiVersions', 4, about)
  const all = [...supportedFeatures, ...finalizedFeatures]
  script.note(
    'features',
    all.filter(({ name }) => name === 'group.version'),
  )
}

async function refusals(script: GroupScript): Promise<void> {
  const client = await script.client()
  const g = `${script.prefix}refused`
  await script.coordinated(g)
  const beat = (what: string, version: number, body: object) =>
    script.ask(what, client, 'ConsumerGroupHeartbeat', version, body)
  const m = idOf('m')
  await beat('no group id', 1, joining('', m))
  await beat('no member id v1', 1, joining(g, ''))
  await beat('no instance id', 1, joining(g, m, { instanceId: '' }))
  await beat('no rack', 1, joining(g, m, { rackId: '' }))
  await beat('no rebalance timeout', 1, joining(g, m, { rebalanceTimeoutMs: -1 }))
  await beat('no subscription', 1, joining(g, m, { subscribedTopicNames: null }))
  await beat('owns before it joins', 1, joining(g, m, { topicPartitions: [{ partitions: [0] }] }))
  await beat('says not what it owns', 1, joining(g, m, { topicPartitions: null }))
  await beat('an unknown assignor', 1, joining(g, m, { serverAssignor: 'mine' }))
  await beat('epoch -3', 1, { groupId: g, memberId: m, memberEpoch: -3 })
  await beat('static leave without instance', 1, { groupId: g, memberId: m, memberEpoch: -2 })
  await beat('beats in no group', 1, { groupId: g, memberId: m, memberEpoch: 1 })
  await beat('leaves no group', 1, { groupId: g, memberId: m, memberEpoch: -1 })
  const groupIds = [g, '']
  await script.ask('describe nothing', client, 'ConsumerGroupDescribe', 1, { groupIds })
  await beat('without topics', 1, joining(g, m))
  await beat('stranger', 1, { groupId: g, memberId: idOf('n'), memberEpoch: 1 })
  await beat('stranger leaves', 1, { groupId: g, memberId: idOf('n'), memberEpoch: -1 })
  await beat('leaves', 1, { groupId: g, memberId: m, memberEpoch: -1 })
  const made = await client.call('ConsumerGroupHeartbeat', 0, joining(g, ''))
  script.note('an id from the broker', [made.errorCode, made.memberId?.length, made.memberEpoch])
}

async function handOver(script: GroupScript): Promise<void> {
  const g = `${script.prefix}handover`
  await script.coordinated(g)
  const topics = [`${script.prefix}t`]
  const [admin, one, two] = await Promise.all([script.client(), script.client(), script.client()])
  const [a, b] = [new ScriptedMember(one, g, idOf('a')), new ScriptedMember(two, g, idOf('b'))]
  const describe = (what: string) =>
    script.ask(what, admin, 'ConsumerGroupDescribe', 1, { groupIds: [g], includeAuthorizedOperations: true })
  script.note('a joins', await a.join(topics))
  script.note('a acknowledges', await a.acknowledge())
  script.note('a beats', await a.beat())
  await describe('describe a')
  script.note('b joins', await b.join(topics))
  await describe('describe a and b')
  script.note('b waits', await b.beat())
  const revoked = await a.beat()
  script.note('a is told to give back', [revoked.memberEpoch, countOf(a.owned)])
  script.note('a says nothing yet', await a.beat().then(({ memberEpoch }) => memberEpoch))
  script.note('b still waits', await b.beat())
  await describeCounts(script, admin, g, 'describe while a gives back')
  script.note('a has given back', (await a.acknowledge()).memberEpoch)
  const given = await b.beat()
  script.note('b is given', [given.memberEpoch, countOf(b.owned)])
  script.note('b acknowledges', await b.acknowledge())
  await describeCounts(script, admin, g, 'describe both')
  const commit = (what: string, member: ScriptedMember, version: number, more: object = {}) =>
    script.ask(what, one, 'OffsetCommit', version, {
      groupId: g,
      memberId: member.id,
      generationIdOrMemberEpoch: member.epoch,
      topics: commitOf(topics[0]!, 7),
      ...more,
    })
  await commit('a commits', a, 9)
  await commit('a commits v8', a, 8)
  await commit('a commits in the future', a, 9, { generationIdOrMemberEpoch: a.epoch + 1 })
  await commit('a commits in a distant past', a, 9, { generationIdOrMemberEpoch: 0 })
  for (let partition = 0; partition < 4; partition++) {
    const topics = commitOf(`${script.prefix}t`, 8, partition)
    const generationIdOrMemberEpoch = a.epoch - 1
    await commit(`a commits ${partition} in the epoch before`, a, 9, { topics, generationIdOrMemberEpoch })
  }
  await commit('a stranger commits', a, 9, { memberId: idOf('x') })
  await commit('nobody commits', a, 9, { memberId: '', generationIdOrMemberEpoch: -1 })
  const fetch = (what: string, group: object) =>
    script.ask(what, one, 'OffsetFetch', 9, { groups: [{ groupId: g, topics: null, ...group }] })
  await fetch('a fetches', { memberId: a.id, memberEpoch: a.epoch })
  await fetch('a fetches in the past', { memberId: a.id, memberEpoch: a.epoch - 1 })
  await fetch('a stranger fetches', { memberId: idOf('x'), memberEpoch: 1 })
  await fetch('nobody fetches', {})
  await script.ask('delete it', admin, 'DeleteGroups', 2, { groupsNames: [g] })
  const partitions = [{ partitionIndex: 0 }]
  const deleting = { groupId: g, topics: ['t', 'u'].map((name) => ({ name: script.prefix + name, partitions })) }
  await script.ask('delete offsets', admin, 'OffsetDelete', 0, deleting)
  await script.ask('describe as classic', admin, 'DescribeGroups', 6, { groups: [g] })
  script.note('b changes topics', await b.beat({ subscribedTopicNames: [`${script.prefix}u`] }))
  script.note('b has changed', (await b.acknowledge()).memberEpoch)
  script.note('a gets all', [(await a.beat()).memberEpoch, countOf(a.owned)])
  script.note('b leaves', await b.beat({ memberEpoch: -1 }))
  script.note('b is a stranger', await b.beat({ memberEpoch: 3 }))
  script.note('a goes on', (await a.beat()).memberEpoch)
  await describeCounts(script, admin, g, 'describe a again')
}

/** Which partitions go where is the assignor's affair; how many is not. */
export async function describeCounts(script: GroupScript, admin: RawClient, groupId: string, what: string) {
  const { groups } = await admin.call('ConsumerGroupDescribe', 0, { groupIds: [groupId] })
  const { groupState, groupEpoch, assignmentEpoch, assignorName, members } = groups[0]!
  const counts = members.map(({ memberId, memberEpoch, assignment, targetAssignment }) => ({
    memberId,
    memberEpoch,
    assigned: countOf(assignment.topicPartitions),
    target: countOf(targetAssignment.topicPartitions),
  }))
  script.note(what, { groupState, groupEpoch, assignmentEpoch, assignorName, counts })
}

function countOf(topics: readonly { partitions: readonly number[] }[]): number {
  return topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
}

async function fencing(script: GroupScript): Promise<void> {
  const g = `${script.prefix}fencing`
  await script.coordinated(g)
  const topics = [`${script.prefix}t`]
  const a = new ScriptedMember(await script.client(), g, idOf('a'))
  script.note('joins', await a.join(topics))
  const { owned, epoch } = a
  script.note('beats with an epoch too high', await a.beat({ memberEpoch: epoch + 1 }))
  script.note('joins again', await a.join(topics))
  await a.acknowledge()
  script.note('changes topics', await a.beat({ subscribedTopicNames: [...topics, `${script.prefix}u`] }))
  // As if the answer before had been lost.
  script.note('the former epoch with what it had', await a.beat({ memberEpoch: epoch, topicPartitions: owned }))
  script.note('the former epoch with nothing said', await a.beat({ memberEpoch: epoch }))
  const strange = [{ topicId: owned[0]!.topicId, partitions: [77] }]
  script.note('the former epoch with more', await a.beat({ memberEpoch: epoch, topicPartitions: strange }))
}

async function staticMembers(script: GroupScript): Promise<void> {
  const g = `${script.prefix}static`
  await script.coordinated(g)
  const topics = [`${script.prefix}t`]
  const client = await script.client()
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new ScriptedMember(client, g, idOf(name))) as [
    ScriptedMember,
    ScriptedMember,
    ScriptedMember,
  ]
  script.note('static joins', await a.join(topics, { instanceId: 'i' }))
  script.note('another with its instance id', await b.join(topics, { instanceId: 'i' }))
  script.note('beats under another id', await b.beat({ memberEpoch: 1, instanceId: 'i' }))
  script.note('leaves under another id', await b.beat({ memberEpoch: -2, instanceId: 'i' }))
  script.note('unknown instance', await a.beat({ instanceId: 'j' }))
  script.note('beats', await a.beat({ instanceId: 'i' }))
  script.note('leaves for a while', await a.beat({ memberEpoch: -2, instanceId: 'i' }))
  await describeCounts(script, client, g, 'describe while it is away')
  script.note('comes back', await b.join(topics, { instanceId: 'i' }))
  script.note('the old one beats', await a.beat({ memberEpoch: 1, instanceId: 'i' }))
  script.note('beats again', await b.beat({ instanceId: 'i' }))
  script.note('leaves for good', await b.beat({ memberEpoch: -1, instanceId: 'i' }))
  script.note('a new one', await c.join(topics, { instanceId: 'i' }))
}

async function expressions(script: GroupScript): Promise<void> {
  const g = `${script.prefix}regex`
  await script.coordinated(g)
  const client = await script.client()
  const bad = ['(', 'a**', '(?=t)', '(?<!t)', '\\1', '[z-a]', 'a{2000}', '*', '\\y', '[[:nothing:]]', '\\p{Nothing}']
  for (const [i, subscribedTopicRegex] of bad.entries()) {
    const member = new ScriptedMember(client, g, idOf(`m${i}`))
    script.note(
      `the expression ${subscribedTopicRegex}`,
      await member.beat(regexOf(g, member.id, subscribedTopicRegex)),
    )
  }
  const quoted = script.prefix.toUpperCase()
  const good: [string, number][] = [
    [`${script.prefix}[tu]`, 6],
    [`(?i)\\Q${quoted}\\Et`, 4],
    [`${script.prefix}(?:u|v)+`, 2],
    [`${script.prefix}`, 0],
    [`${script.prefix}\\p{Lu}`, 0],
    [`${script.prefix}[[:lower:]]{1,2}$`, 6],
    [`${script.prefix}[^t]\\z`, 2],
  ]
  for (const [i, [regex, count]] of good.entries()) {
    const member = new ScriptedMember(client, `${g}${i}`, idOf('m'))
    await script.coordinated(`${g}${i}`)
    const { errorCode } = await member.beat(regexOf(`${g}${i}`, member.id, regex))
    // Kafka reads expressions behind the scenes.
    for (let tries = 0; countOf(member.owned) < count && tries < 100; tries++) {
      await member.acknowledge()
      await sleep(20)
    }
    script.note(`the expression ${regex}`, [errorCode, countOf(member.owned)])
  }
}

function regexOf(groupId: string, memberId: string, subscribedTopicRegex: string) {
  return { ...joining(groupId, memberId), subscribedTopicNames: null, subscribedTopicRegex }
}

/** A group changes its kind when nobody is in it. */
async function otherKinds(script: GroupScript): Promise<void> {
  const g = `${script.prefix}kinds`
  await script.coordinated(g)
  const client = await script.client()
  const a = new ScriptedMember(client, g, idOf('a'))
  const topics = commitOf(`${script.prefix}t`, 9)
  await script.ask('commits as nobody', client, 'OffsetCommit', 9, { groupId: g, topics })
  script.note('joins what was a simple group', await a.join([`${script.prefix}u`]))
  await script.ask('a classic one of another kind', client, 'JoinGroup', 5, joinOf(g, { protocolType: 'connect' }))
  const classic = { groupId: g, generationId: 1, memberId: idOf('z') }
  await script.ask('a classic heartbeat', client, 'Heartbeat', 4, classic)
  await script.ask('a classic sync', client, 'SyncGroup', 3, classic)
  await script.ask('a classic leave', client, 'LeaveGroup', 2, classic)
  script.note('leaves', await a.beat({ memberEpoch: -1 }))
  await script.ask('describe empty', client, 'ConsumerGroupDescribe', 1, { groupIds: [g] })
  await script.ask('commits as nobody to it', client, 'OffsetCommit', 9, { groupId: g, topics })
  const joined = await script.ask('a classic one joins', client, 'JoinGroup', 3, joinOf(g))
  await script.ask('describe as classic', client, 'DescribeGroups', 6, { groups: [g] })
  const leaving = { groupId: g, memberId: joined.memberId }
  await script.ask('leaves', client, 'LeaveGroup', 2, leaving)
  await script.ask('fetches', client, 'OffsetFetch', 8, { groups: [{ groupId: g, topics: null }] })
}
