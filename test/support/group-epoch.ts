// How often a group has changed, as its coordinator counts. [test processes]
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { tcp } from '../../src/base/tcp.ts'
import { Cluster } from '../../src/io/cluster.ts'
import { ioDefaults } from '../../src/io/io-options.ts'
import { Requester } from '../../src/io/requester.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'

/** A group that is at rest has had fewer generations. */
const GENERATIONS_MAX = 1_000

/** The epoch of a KIP-848 group, or the generation of a classic one, which must have a member. */
export async function groupEpoch(brokers: readonly string[], group: string, protocol: string): Promise<number> {
  const addresses = brokers.map((broker) => {
    const [host, port] = broker.split(':')
    return { host: host!, port: Number(port) }
  })
  const options = { ...ioDefaults, brokers: addresses }
  const cluster = new Cluster({ transport: tcp, clock: systemClock, random: systemRandom, options })
  try {
    const requester = new Requester(cluster)
    return await (protocol === 'classic' ? generation(requester, group) : epoch(requester, group))
  } finally {
    cluster.close()
  }
}

async function epoch(requester: Requester, group: string): Promise<number> {
  const target = { coordinator: 'group', key: group } as const
  const body = { groupIds: [group], includeAuthorizedOperations: false }
  const answer = await requester.request(target, 'ConsumerGroupDescribe', body, { errorCodeOf: first })
  const { errorCode, groupEpoch } = answer.body.groups[0]!
  if (errorCode !== ErrorCode.NONE) throw new Error(`ConsumerGroupDescribe of ${group}: ${errorCode}`)
  return groupEpoch
}

/** No answer tells it: it is the one at which a heartbeat in the name of a member is not refused. */
async function generation(requester: Requester, group: string): Promise<number> {
  const target = { coordinator: 'group', key: group } as const
  const body = { groups: [group], includeAuthorizedOperations: false }
  const answer = await requester.request(target, 'DescribeGroups', body, { errorCodeOf: first })
  const member = answer.body.groups[0]!.members[0]
  if (member === undefined) throw new Error(`${group} has no members`)
  const { memberId, groupInstanceId } = member
  for (let generationId = 1; generationId <= GENERATIONS_MAX; generationId++) {
    const beat = await requester.request(target, 'Heartbeat', {
      groupId: group,
      generationId,
      memberId,
      groupInstanceId,
    })
    if (beat.body.errorCode === ErrorCode.NONE) return generationId
    if (beat.body.errorCode !== ErrorCode.ILLEGAL_GENERATION) throw new Error(`Heartbeat: ${beat.body.errorCode}`)
  }
  throw new Error(`${group} has had more than ${GENERATIONS_MAX} generations`)
}

const first = ({ groups }: { groups: { errorCode: number }[] }): number => groups[0]!.errorCode
