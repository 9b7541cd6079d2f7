// A membership as main sees it, with an engine that answers when the test says so: expressions that come and go in one
// tick leave one matcher, or none, and topics that cannot be matched leave no membership behind. [test process]
import { expect, test } from 'vitest'
import { Timeout } from '../../src/base/errors.ts'
import { untilAborted } from '../../src/base/on-abort.ts'
import { GroupMember, type GroupMemberPlan } from '../../src/client/group-member.ts'
import { resolveOptions } from '../../src/client/options.ts'
import type { GroupCommand, GroupEvent } from '../../src/control/grouping.ts'
import type { CallLimits } from '../../src/engine/calls.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { ProgressWord } from '../../src/ring/progress.ts'

/** The rounds of microtasks in which all of it is done. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

const TOPICS = { topics: ['a', 'b'].map((name) => ({ errorCode: 0, isInternal: false, name })) }
const late = () => new Timeout('CALL_TIMED_OUT', 'no broker answers', { retriable: true })

interface Scene {
  groupProtocol?: 'classic' | 'consumer'
  /** Asked for topics. */
  ask?: () => Promise<object>
  failed?: GroupMemberPlan['failed']
}

const unforeseen = (error: unknown) => expect.unreachable(String(error))

function world(
  wanted: readonly string[] | RegExp,
  { groupProtocol = 'classic', ask = async () => TOPICS, failed = unforeseen }: Scene = {},
) {
  const posted: GroupCommand[] = []
  const timers = new Set<{ run(): void }>()
  /** What happened to memberships: opened, left, closed. */
  const life: string[] = []
  let tell: (event: GroupEvent) => void = () => {}
  const engine = {
    groups: {
      open(_: unknown, handle: typeof tell) {
        life.push('opened')
        tell = handle
        const post = (command: GroupCommand) => void posted.push(command)
        return { post, leave: async () => void life.push('left'), close: () => void life.push('closed') }
      },
    },
    clock: {
      now: () => 0,
      after(_: number, run: () => void) {
        const timer = { run, cancel: () => void timers.delete(timer) }
        timers.add(timer)
        return timer
      },
    },
    call: (_: unknown, { signal }: CallLimits) => untilAborted(ask(), signal!),
  } as unknown as Engine
  const nothing = async () => {}
  const plan: GroupMemberPlan = {
    ...{ options: resolveOptions('consumer', { groupId: 'g', groupProtocol }), progress: new ProgressWord(), failed },
    ...{ timeoutMs: 1_000, metadataMaxAgeMs: 1_000, assigned: nothing, revoked: nothing, lost: nothing },
    reach: nothing,
    engine: async () => engine,
  }
  const member = new GroupMember(plan, wanted)
  const told = () => posted.map((one) => (one.do === 'subscribe' ? one.subscription.topics : one.do))
  return { member, told, timers, life, event: (event: GroupEvent) => tell(event) }
}

test('of two expressions in one tick the later one counts, and one matcher is left', async () => {
  const { member, told, timers } = world(['x'])
  await member.join()
  await Promise.all([member.subscribe(/a/), member.subscribe(/b/)])
  expect([told(), member.topics, timers.size]).toEqual([[['x'], ['b']], ['b'], 1])
})

test('names in the tick of an expression put it out of force', async () => {
  const { member, told, timers } = world(['x'])
  await member.join()
  await Promise.all([member.subscribe(/a/), member.subscribe(['y'])])
  expect([told().at(-1), member.topics, timers.size]).toEqual([['y'], ['y'], 0])
  expect(told()).not.toContainEqual(['a'])
})

test.each([0, 1, 2, 3, 4, 5, 6])(
  'left %d turns after the first expression it looks for nothing more',
  async (turns) => {
    const { member, timers } = world(/a/)
    member.join().catch(() => {})
    for (let i = 0; i < turns; i++) await undefined
    await member.leave(false, 1_000)
    await settled()
    expect(timers.size).toBe(0)
  },
)

test('however often topics cannot be matched at first, one membership is opened', async () => {
  let away = true
  const { member, told, life, timers } = world(/a/, { ask: async () => (away ? Promise.reject(late()) : TOPICS) })
  for (let i = 0; i < 3; i++) await expect(member.join()).rejects.toMatchObject({ code: 'CALL_TIMED_OUT' })
  // Nothing is looked for that nobody asked for.
  expect(timers.size).toBe(0)
  away = false
  await member.join()
  expect([told(), life]).toEqual([[['a']], ['opened']])
  await member.leave(false, 1_000)
  expect(life).toEqual(['opened', 'left', 'closed'])
})

test('a member keeps its topics while those of its next expression cannot be found out, and looks again', async () => {
  let away = true
  const { member, told, timers } = world(['x'], { ask: async () => (away ? Promise.reject(late()) : TOPICS) })
  await member.join()
  await expect(member.subscribe(/a/)).rejects.toMatchObject({ code: 'CALL_TIMED_OUT' })
  away = false
  for (const { run } of timers) run()
  await settled()
  expect(told()).toEqual([['x'], ['a']])
})

test('one that is left while no broker says what matches waits for none', async () => {
  const { member, life, timers } = world(/a/, { ask: () => new Promise(() => {}) })
  const joining = member.join()
  await settled()
  await member.leave(false, 1_000)
  await joining
  expect([life, timers.size]).toEqual([['opened', 'left', 'closed'], 0])
})

test('names do not wait for an expression before them that no broker matches', async () => {
  const { member, told } = world(/a/, { ask: () => new Promise(() => {}) })
  const joining = member.join()
  await settled()
  await member.subscribe(['y'])
  await joining
  expect(told()).toEqual([['y']])
})

test('neither the broker nor this client can match topics: the member leaves, and is failed', async () => {
  const errors: unknown[] = []
  const ask = () => Promise.reject(late())
  const { member, life, event } = world(/a/, { groupProtocol: 'consumer', ask, failed: (one) => errors.push(one) })
  await member.join()
  event({ tell: 'unmatched' })
  await settled()
  expect(life).toEqual(['opened', 'left', 'closed'])
  // Not retriable: whoever waits for records has to hear of it.
  expect(errors).toMatchObject([{ code: 'TOPICS_UNMATCHED', retriable: false, cause: { code: 'CALL_TIMED_OUT' } }])
})

test.each([
  ['names', ['y']],
  ['another expression', /b/],
] as const)('an expression that %s replaced fails nobody, however it ends', async (_, wanted) => {
  let refuse = () => {}
  const errors: unknown[] = []
  const { member, told, life, event } = world(/a/, {
    groupProtocol: 'consumer',
    ask: () => new Promise((_resolve, reject) => (refuse = () => reject(late()))),
    failed: (error) => errors.push(error),
  })
  await member.join()
  event({ tell: 'unmatched' })
  await settled()
  await member.subscribe(wanted)
  refuse()
  await settled()
  expect(errors).toEqual([])
  expect(told()).toEqual([[], wanted instanceof RegExp ? [] : wanted])
  expect(life).toEqual(['opened'])
})
