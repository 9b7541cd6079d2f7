// What members of a classic consumer group tell each other, as bytes (KIP-429, KIP-792, KIP-881). [pure: any thread]
import { ProtocolViolation } from '../base/errors.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { GroupMember, GroupPartition } from '../control/grouping.ts'
import { codecOf } from '../protocol/compile.ts'
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '../protocol/messages/consumer-protocol.ts'
import { compare } from './assignor.ts'

/** The version that is written. */
const VERSION = 3

/** Other members wrote these bytes: a larger subscription or assignment is refused before it is read. */
const BYTES_MAX = 4 * 1024 * 1024

/** Of what one member says it has, and of what a leader gives to one; an engine reads no more slots than that. */
const PARTITIONS_MAX = 200_000

/** What a member tells the leader, for one of its assignors. */
export function encodeSubscription(member: Omit<GroupMember, 'memberId' | 'groupInstanceId'>): Uint8Array {
  const writer = new Writer()
  writer.int16(VERSION)
  const { topics, userData, owned, generation, rackId } = member
  codecOf(ConsumerProtocolSubscription, VERSION).encode(writer, {
    topics: [...topics].sort(compare),
    userData,
    ownedPartitions: byTopic(owned),
    generationId: generation,
    rackId: rackId ?? null,
  })
  return writer.finish()
}

/** Reads what another member told; throws `ProtocolViolation` on bytes that are no subscription. */
export function decodeSubscription(
  bytes: Uint8Array,
  { memberId, groupInstanceId }: { memberId: string; groupInstanceId: string | null },
): GroupMember {
  const [reader, version] = open(bytes, `The subscription of member ${memberId}`)
  const { topics, userData, ownedPartitions, generationId, rackId } = codecOf(
    ConsumerProtocolSubscription,
    version,
  ).decode(reader)
  return {
    memberId,
    groupInstanceId: groupInstanceId ?? undefined,
    topics,
    owned: flat(ownedPartitions),
    generation: generationId,
    rackId: rackId ?? undefined,
    userData: userData === null ? null : userData.slice(),
  }
}

/** What the leader gives to one member. */
export function encodeAssignment(partitions: readonly GroupPartition[]): Uint8Array {
  const writer = new Writer()
  writer.int16(VERSION)
  const codec = codecOf(ConsumerProtocolAssignment, VERSION)
  codec.encode(writer, { assignedPartitions: byTopic(partitions), userData: null })
  return writer.finish()
}

/** Reads what the leader gave; no bytes at all mean nothing. */
export function decodeAssignment(bytes: Uint8Array): GroupPartition[] {
  if (bytes.byteLength === 0) return []
  const [reader, version] = open(bytes, 'The assignment of the group leader')
  return flat(codecOf(ConsumerProtocolAssignment, version).decode(reader).assignedPartitions)
}

/** The list of partitions as the sticky assignor has it in its user data. */
export function writePartitions(writer: Writer, partitions: readonly GroupPartition[]): void {
  const topics = byTopic(partitions)
  writer.arrayCount(topics)
  for (const { topic, partitions: numbers } of topics) {
    writer.string(topic)
    writer.arrayCount(numbers)
    for (const number of numbers) writer.int32(number)
  }
}

/** Reads such a list. */
export function readPartitions(reader: Reader): GroupPartition[] {
  const topics = Array.from({ length: reader.arrayCount(6) }, () => {
    const topic = reader.string()
    return { topic, partitions: Array.from({ length: reader.arrayCount(4) }, () => reader.int32()) }
  })
  return flat(topics)
}

/** A version newer than ours is read as ours: fields are only ever added at the end. */
function open(bytes: Uint8Array, what: string): [Reader, number] {
  if (bytes.byteLength > BYTES_MAX) {
    throw new ProtocolViolation(
      'METADATA_TOO_LARGE',
      `${what} has ${bytes.byteLength} bytes, ${BYTES_MAX} are allowed.`,
    )
  }
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (version < 0) throw new ProtocolViolation('PROTOCOL_VIOLATION', `${what} has version ${version}.`)
  return [reader, Math.min(version, VERSION)]
}

/** Partitions under their topics, in the order of the topics' first partitions. */
export function byTopic(partitions: readonly GroupPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const others = topics.get(topic)
    if (others === undefined) topics.set(topic, [partition])
    else others.push(partition)
  }
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }))
}

function flat(topics: readonly { topic: string; partitions: readonly number[] }[]): GroupPartition[] {
  const count = topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
  if (count > PARTITIONS_MAX) {
    const text = `A member of the group names ${count} partitions, ${PARTITIONS_MAX} are allowed.`
    throw new ProtocolViolation('METADATA_TOO_LARGE', text)
  }
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}
