// A membership as main sees it, with an engine that answers when the test says so: expressions that come and go in one
// tick leave one matcher, or none. [test process]
import { expect, test } from 'vitest'
import { GroupMember, type GroupMemberPlan } from '../../src/client/group-member.ts'
import { resolveOptions } from '../../src/client/options.ts'
import type { GroupCommand } from '../../src/control/grouping.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { ProgressWord } from '../../src/ring/progress.ts'

/** The rounds of microtasks in which all of it is done. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

function world(wanted: readonly string[] | RegExp) {
  const posted: GroupCommand[] = []
  const timers = new Set<object>()
  const engine = {
    groups: {
      open: () => ({ post: (command: GroupCommand) => void posted.push(command), leave: async () => {}, close() {} }),
    },
    clock: {
      now: () => 0,
      after() {
        const timer = { cancel: () => void timers.delete(timer) }
        timers.add(timer)
        return timer
      },
    },
    call: async () => ({ topics: ['a', 'b'].map((name) => ({ errorCode: 0, isInternal: false, name })) }),
  } as unknown as Engine
  const nothing = async () => {}
  const plan: GroupMemberPlan = {
    ...{ options: resolveOptions('consumer', { groupId: 'g' }), progress: new ProgressWord() },
    ...{ timeoutMs: 1_000, metadataMaxAgeMs: 1_000, assigned: nothing, revoked: nothing, lost: nothing },
    engine: async () => engine,
    failed: (error) => expect.unreachable(String(error)),
  }
  const member = new GroupMember(plan, wanted)
  const told = () => posted.map((one) => (one.do === 'subscribe' ? one.subscription.topics : one.do))
  return { member, told, timers }
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
