// A classic membership whose user code stops to make progress at the worst moments, on a virtual clock, with answers
// of a coordinator as the test wants them. [test process]
import { expect, test } from 'vitest'
import type { GroupNews, GroupQuestion, GroupSettings } from '../../../src/control/grouping.ts'
import { decodeSubscription, encodeAssignment } from '../../../src/group/subscription.ts'
import { ClassicMembership } from '../../../src/io/group/classic.ts'
import type { MembershipHost } from '../../../src/io/group/membership.ts'
import type { Answered } from '../../../src/io/group/questions.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { ProgressWord } from '../../../src/ring/progress.ts'
import { VirtualClock } from '../../../src/wiring/virtual-clock.ts'

const MINE = [{ topic: 't', partition: 0 }]
const BOUNDS = { sessionTimeoutMs: 10_000, heartbeatIntervalMs: 100, heartbeatFloorMs: 100, maxPollIntervalMs: 1_000 }

/** A group of this one member, which leads it with an assignor of the user's. */
async function world(settings: Partial<GroupSettings> = {}) {
  const clock = new VirtualClock()
  // A word of 0 says that nothing is owed: time does not begin there.
  await clock.advance(1_000)
  const progress = new ProgressWord()
  const log: string[] = []
  const claims: number[] = []
  let generation = 0
  /** What heartbeats are answered. */
  let beat = 0
  /** Asked before main answers a question. */
  let before: (question: GroupQuestion) => Promise<void> = async () => {}
  const answers: Record<string, (body: never) => object> = {
    JoinGroup: ({ protocols }: { protocols: { metadata: Uint8Array }[] }) => {
      generation++
      const { metadata } = protocols[0]!
      const whose = { memberId: 'm', groupInstanceId: null }
      claims.push(decodeSubscription(Buffer.from(metadata), whose).owned.length)
      const members = [{ memberId: 'm', groupInstanceId: null, metadata: Buffer.from(metadata) }]
      return { errorCode: 0, generationId: generation, memberId: 'm', leader: 'm', protocolName: 'mine', members }
    },
    SyncGroup: () => ({ errorCode: 0, assignment: Buffer.from(encodeAssignment(MINE)) }),
    Heartbeat: () => ({ errorCode: beat }),
    LeaveGroup: () => ({ errorCode: 0, members: [] }),
  }
  const host = {
    settings: {
      ...{ groupId: 'g', groupInstanceId: undefined, groupProtocol: 'classic', groupRemoteAssignor: undefined },
      ...{ assignors: [{ name: 'mine', protocol: 'cooperative', custom: true }], rackId: undefined, ...BOUNDS },
      ...{ progress: progress.buffer, ...settings },
    },
    cluster: {
      host: { clock, options: { requestTimeoutMs: 30_000 }, onEvent() {} },
      onChange: () => () => {},
      backoffMs: () => 50,
      leaderOf() {},
      topic: async () => ({ partitions: [{ replicas: [] }] }),
      metadata: { peek: () => undefined, broker: () => undefined },
    },
    requester: {
      request: async (_: unknown, api: string, body: unknown) => {
        if (api !== 'Heartbeat') log.push(api)
        return { body: answers[api]!((typeof body === 'function' ? body(5) : body) as never) }
      },
    },
    role: 'group:1',
    progress,
    tell: (news: GroupNews) => {
      if (news.tell === 'identity') log.push(`identity ${news.identity?.epoch}`)
      else log.push(news.tell)
    },
    ask: async (question: GroupQuestion): Promise<Answered> => {
      await before(question)
      if (question.ask === 'share') return { assignment: new Map([['m', MINE]]) }
      if (question.ask !== 'userData') log.push(question.ask)
      return {}
    },
  }
  const membership = new ClassicMembership(host as unknown as MembershipHost)
  membership.subscribe({ topics: ['t'] })
  return {
    ...{ clock, progress, log, claims, membership },
    beatWith: (code: number) => {
      beat = code
    },
    asked: (hook: typeof before) => {
      before = hook
    },
  }
}

test('who expires while its assignor works takes nothing, and has no generation to commit with', async () => {
  for (const groupInstanceId of [undefined, 'static']) {
    const { clock, progress, log, membership, asked } = await world({ groupInstanceId })
    await clock.advance(10)
    expect(log).toEqual(['JoinGroup', 'SyncGroup', 'identity 1', 'assign'])
    log.length = 0
    // The assignor is slower than user code may be.
    asked(async ({ ask }) => {
      if (ask === 'share') await new Promise<void>((resolve) => void clock.after(2_000, resolve))
    })
    progress.made(clock.now())
    membership.rejoin('a test')
    await clock.advance(3_000)
    expect(log.filter((one) => one !== 'LeaveGroup')).toEqual(['JoinGroup', 'SyncGroup', 'identity undefined', 'lost'])
    progress.made(clock.now())
    asked(async () => {})
    await clock.advance(600)
    expect(log.slice(-4)).toEqual(['JoinGroup', 'SyncGroup', 'identity 3', 'assign'])
    membership.close()
  }
})

test('who is forgotten while its assignor tells of itself claims nothing of what it had', async () => {
  const { clock, log, claims, membership, asked, beatWith } = await world()
  await clock.advance(10)
  asked(async ({ ask }) => {
    if (ask === 'userData') await new Promise<void>((resolve) => void clock.after(200, resolve))
  })
  beatWith(ErrorCode.ILLEGAL_GENERATION)
  membership.rejoin('a test')
  await clock.advance(150)
  beatWith(0)
  await clock.advance(2_000)
  expect(claims).toEqual([0, 0])
  expect(log).toEqual([
    ...['JoinGroup', 'SyncGroup', 'identity 1', 'assign', 'identity undefined', 'lost'],
    ...['JoinGroup', 'SyncGroup', 'identity 2', 'assign'],
  ])
  membership.close()
})
