// KIP-848 members that do random things, the same ones on every broker. [test process]
import { type Random, seededRandom } from '../../../src/base/random.ts'
import type { ResponseOf } from '../../../src/protocol/apis.ts'
import type { RawClient } from '../raw-client.ts'
import { commitOf } from './classic-script.ts'
import { ScriptedMember } from './consumer-script.ts'
import type { GroupScript } from './group-script.ts'

const MEMBERS = 4
/** So many that each count of members has the same share: who gets one more is the assignor's affair. */
const PARTITIONS = 12

export function randomScript(seed: number, steps: number): (script: GroupScript) => Promise<void> {
  return async (script) => {
    const random = seededRandom(seed)
    const g = `${script.prefix}random-${seed}`
    await script.topic('t', PARTITIONS)
    await script.coordinated(g)
    const client = await script.client()
    const members = Array.from({ length: MEMBERS }, (_, i) => {
      const own = i === 0 ? { instanceId: 'static' } : {}
      return { own, member: new ScriptedMember(client, g, String.fromCharCode(97 + i).repeat(22)) }
    })
    let before = await describe(client, g)
    let chanceEpoch = -1
    for (let step = 0; step < steps; step++) {
      const chosen = members[Math.floor(random.next() * MEMBERS)]!
      const what = await act(script, client, g, chosen, random)
      const now = await describe(client, g)
      if (isJudgedByChance(before, now)) chanceEpoch = now.assignmentEpoch
      const shape = shapeOf(now, now.assignmentEpoch === chanceEpoch)
      script.note(`seed ${seed}, step ${step}: ${chosen.member.id[0]} ${what}`, shape)
      before = now
    }
  }
}

interface Actor {
  own: object
  member: ScriptedMember
}

async function act(script: GroupScript, client: RawClient, g: string, { own, member }: Actor, random: Random) {
  const dice = random.next()
  const other = Math.floor(random.next() * 3) - 1
  const note = (what: string, { errorCode }: { errorCode: number }) => {
    script.note(what, errorCode)
    return what
  }
  if (dice < 0.12) {
    const topics = random.next() < 0.85 ? [`${script.prefix}t`] : []
    return note(`joins ${topics.length}`, await member.join(topics, own))
  }
  if (dice < 0.4) return note('beats', await member.beat(own))
  if (dice < 0.7) return note('acknowledges', await member.beat({ ...own, topicPartitions: member.owned }))
  if (dice < 0.75) return note('leaves', await member.beat({ ...own, memberEpoch: -1 }))
  if (dice < 0.79) return note('leaves for a while', await member.beat({ ...own, memberEpoch: -2 }))
  const epoch = Math.max(0, member.epoch + other)
  if (dice < 0.85) return note(`beats in epoch ${other}`, await member.beat({ ...own, memberEpoch: epoch }))
  if (dice < 0.93) {
    const claim = { groupId: g, memberId: member.id, generationIdOrMemberEpoch: epoch }
    const { topics } = await client.call('OffsetCommit', 9, { ...claim, topics: commitOf(`${script.prefix}t`, 1, 0) })
    const { errorCode } = topics[0]!.partitions[0]!
    // In an epoch that is over it depends on who has the partition.
    script.note('commits', other === -1 ? 'in the epoch before' : errorCode)
    return 'commits'
  }
  const wanted = { groupId: g, memberId: member.id, memberEpoch: epoch, topics: null }
  const { groups } = await client.call('OffsetFetch', 9, { groups: [wanted] })
  script.note('fetches', groups[0]!.errorCode)
  return 'fetches'
}

type Described = ResponseOf<'ConsumerGroupDescribe'>['groups'][number]

async function describe(client: RawClient, groupId: string): Promise<Described> {
  const { groups } = await client.call('ConsumerGroupDescribe', 1, { groupIds: [groupId] })
  return groups[0]!
}

/**
 * Whether Kafka made the new targets by chance. It judges whether all members read the same when the epoch goes up, not
 * when targets are made, and who joins without topics raises no epoch. Where the others all read the same and their
 * targets were old, it takes the member that its hash map names first for what all read: the newcomer gets a share of
 * what it does not read, or nobody gets anything, until the next epoch. Here all goes to those who read.
 */
function isJudgedByChance(before: Described, now: Described): boolean {
  const reads = (member: Described['members'][number]) => member.subscribedTopicNames.length > 0
  const known = new Set(before.members.map(({ memberId }) => memberId))
  const newcomer = now.members.find(({ memberId }) => !known.has(memberId))
  const isAssigned = now.assignmentEpoch > before.assignmentEpoch
  return isAssigned && known.size > 0 && before.members.every(reads) && newcomer !== undefined && !reads(newcomer)
}

function shapeOf(group: Described, isByChance: boolean): unknown {
  const { errorCode, groupState, groupEpoch, assignmentEpoch, members } = group
  // On the way to its target a member has more or less, waits or not, and comes to its epoch sooner or later, as
  // partitions happen to be free.
  const counts = members.map(({ memberId, targetAssignment }) => {
    const target = targetAssignment.topicPartitions[0]?.partitions.length ?? 0
    return { memberId, target: isByChance ? 'by chance' : target }
  })
  return { errorCode, isEmpty: groupState === 'Empty', groupEpoch, assignmentEpoch, counts }
}
