// Kafka's own assignors, as a function over many groups at once. [test processes]
import type { GroupAssignment, GroupMember, GroupPartition, GroupTopic } from '../../src/control/grouping.ts'
import type { Assignor } from '../../src/group/assignor.ts'
import { decodeAssignment, encodeSubscription } from '../../src/group/subscription.ts'
import { runJava } from '../support/kafka-jars.ts'

/** A group for an assignor. */
export interface GroupCase {
  assignor: Assignor
  members: GroupMember[]
  topics: GroupTopic[]
}

/** What Java's assignors of the same names give; they read our subscriptions, we read their assignments. */
export async function assignByJava(cases: readonly GroupCase[]): Promise<GroupAssignment[]> {
  const rows = cases.map(({ assignor, members, topics }) => ({
    assignor: assignor.name,
    topics,
    members: members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId ?? null,
      subscription: Buffer.from(encodeSubscription(member)).toString('base64'),
    })),
  }))
  const { stdout, stderr, status } = await runJava('Assignments.java', [], { stdin: JSON.stringify(rows) })
  if (status !== 0) throw new Error(`Assignments ended with ${status}: ${stderr}`)
  const answers = JSON.parse(stdout.toString()) as Record<string, string>[]
  return answers.map((answer) => {
    const entries = Object.entries(answer).map(([memberId, bytes]): [string, GroupPartition[]] => {
      return [memberId, decodeAssignment(Buffer.from(bytes, 'base64'))]
    })
    return new Map(entries)
  })
}
