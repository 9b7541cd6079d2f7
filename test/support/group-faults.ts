// Every error of a group coordinator at every request of a group: invariant G3 as a table. [test process]
import type { Broker } from '../../src/broker/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'

/** The codes that a coordinator gives to members. */
export const groupCodes = [
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'MEMBER_ID_REQUIRED',
  'FENCED_INSTANCE_ID',
  'FENCED_MEMBER_EPOCH',
  'UNRELEASED_INSTANCE_ID',
  'STALE_MEMBER_EPOCH',
] as const

/** The requests that a member sends, with the protocols whose members send them. */
export const groupRequests = {
  JoinGroup: ['classic'],
  SyncGroup: ['classic'],
  Heartbeat: ['classic'],
  LeaveGroup: ['classic'],
  OffsetFetch: ['classic', 'consumer'],
  OffsetCommit: ['classic', 'consumer'],
  ConsumerGroupHeartbeat: ['consumer'],
} as const

/** How often in a row it happens. */
export const groupFaultTimes = ['once', 'three times', 'until healed'] as const

/** One cell of the table. */
export interface GroupFault {
  api: keyof typeof groupRequests
  code: (typeof groupCodes)[number]
  times: (typeof groupFaultTimes)[number]
  /** The `groupProtocol` of members that send such a request. */
  protocols: readonly ('classic' | 'consumer')[]
  /**
   * What has to come of it: consuming again without a lost commit, one typed fatal error, or either of both, where the
   * code makes no sense for the request.
   */
  outcome: 'heals' | 'fatal' | 'either'
}

/** All 11 x 7 x 3 cells. */
export const groupFaults: readonly GroupFault[] = groupCodes.flatMap((code) =>
  (Object.keys(groupRequests) as GroupFault['api'][]).flatMap((api) =>
    groupFaultTimes.map((times) => ({ api, code, times, protocols: groupRequests[api], outcome: outcomeOf(code) })),
  ),
)

function outcomeOf(code: GroupFault['code']): GroupFault['outcome'] {
  if (code === 'FENCED_INSTANCE_ID') return 'fatal'
  // A predecessor may still leave: until its session is over the member tries again.
  return code === 'UNRELEASED_INSTANCE_ID' ? 'either' : 'heals'
}

/** A fault at work. */
export interface InjectedFault {
  /** How many requests it has hit. */
  readonly hits: number
  /** Ends it. */
  heal(): void
}

/** Lets the next requests of one group fail; `skip` lets so many pass before. */
export function injectGroupFault(
  broker: Broker,
  groupId: string,
  { api, code, times }: Pick<GroupFault, 'api' | 'code' | 'times'>,
  { skip = 0 }: { skip?: number } = {},
): InjectedFault {
  const most = { once: 1, 'three times': 3, 'until healed': Infinity }[times]
  let seen = 0
  let hits = 0
  const heal = broker.on(api, (request) => {
    if (!groupsOf(request).includes(groupId) || seen++ < skip || hits >= most) return undefined
    hits++
    return { errorCode: ErrorCode[code] }
  })
  return {
    get hits() {
      return hits
    },
    heal,
  }
}

function groupsOf(request: { groupId: string; groups?: { groupId: string }[] }): string[] {
  return [request.groupId, ...(request.groups ?? []).map(({ groupId }) => groupId)]
}
