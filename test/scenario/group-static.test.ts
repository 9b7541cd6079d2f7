// Static members (KIP-345): restarted one by one without a rebalance; of two with one name one is refused. Both
// brokers, both protocols. [test process]
import { expect, test, vi } from 'vitest'
import { onEveryGround } from '../support/grounds.ts'
import { filledTopic, type LoggedMember, MemberLog, more, STRATEGIES } from './group-members.ts'

const PATIENCE = { timeout: 20_000, interval: 20 }
const BOTH = ['cooperative-sticky', 'KIP-848'] as const

onEveryGround('static members', (ground) => {
  // The threads change nothing about who is a member.
  const inline = ground.mode === 'inline' ? test : test.skip

  inline.each(BOTH)(
    '%s: 4 members restarted one by one: 0 rebalances',
    async (strategy) => {
      const topic = await filledTopic(ground, `static-${strategy}`, 4, 40)
      const log = new MemberLog(ground, topic)
      const join = (i: number) => log.join(`m${i}`, { ...STRATEGIES[strategy], groupInstanceId: `m${i}` })
      const members = [0, 1, 2, 3].map(join)
      await log.shared(members, [1, 1, 1, 1])
      await log.processed(40)
      const before = members.map(({ events }) => [...events])
      const owned = members.map((one) => one.owned)
      for (const i of [0, 1, 2, 3]) {
        await members[i]!.leave()
        members[i] = join(i)
        await vi.waitFor(() => expect(members[i]!.owned).toEqual(owned[i]), PATIENCE)
        // Nobody else noticed; what was restarted gave its partition back, and got it again.
        const others = (all: LoggedMember[]) => all.map(({ events }) => events).filter((_, at) => at > i)
        expect(others(members)).toEqual(before.filter((_, at) => at > i))
      }
      await more(ground, topic, 4, 40)
      await log.processed(80)
      expect([log.twice, log.wrong, members.flatMap(({ errors }) => errors)]).toEqual([[], [], []])
      expect(members.map(({ events }) => events)).toEqual(owned.map(([one]) => [`+${one}`]))
      await Promise.all(members.map(({ consumer }) => consumer.close({ leaveGroup: true })))
    },
    40_000,
  )

  inline(
    'classic: of two members with one name the older is fenced, with an error that says why',
    async () => {
      const topic = await filledTopic(ground, 'fenced', 1, 3)
      const log = new MemberLog(ground, topic)
      const first = log.join('first', { groupInstanceId: 'same' })
      await log.processed(3)
      const second = log.join('second', { groupInstanceId: 'same' })
      await vi.waitFor(() => expect(first.errors).toHaveLength(1), PATIENCE)
      expect(first.errors[0]).toMatchObject({ code: 'FENCED_INSTANCE_ID', kafkaCode: 82, fatal: true })
      expect(String(first.errors[0])).toMatch(/groupInstanceId/)
      await more(ground, topic, 1, 3)
      await log.processed(6)
      expect(second.errors).toEqual([])
    },
    40_000,
  )

  inline(
    'KIP-848: of two members with one name the newer waits for the session of the other, and is refused',
    async () => {
      const topic = await filledTopic(ground, 'unreleased', 1, 3)
      const log = new MemberLog(ground, topic)
      const first = log.join('first', { groupProtocol: 'consumer', groupInstanceId: 'same' })
      await log.processed(3)
      const options = { groupProtocol: 'consumer', groupInstanceId: 'same', sessionTimeoutMs: 1_500 } as const
      const second = log.join('second', options)
      await vi.waitFor(() => expect(second.errors).toHaveLength(1), PATIENCE)
      expect(second.errors[0]).toMatchObject({ code: 'UNRELEASED_INSTANCE_ID', kafkaCode: 111, fatal: true })
      await more(ground, topic, 1, 3)
      await log.processed(6)
      expect(first.errors).toEqual([])
    },
    40_000,
  )
})
