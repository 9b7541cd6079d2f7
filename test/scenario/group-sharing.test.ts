// Members that come, go and die: partitions are shared out, handed over and taken over, with every assignor and with
// KIP-848, on the embedded broker and on a real Kafka. [test process]
import { describe, expect, test } from 'vitest'
import { onEveryGround } from '../support/grounds.ts'
import { filledTopic, MemberLog, more, STRATEGIES } from './group-members.ts'

onEveryGround('groups', (ground) => {
  // The assignors differ in what they give, not in how it travels: on threads one of them is enough.
  const all = Object.entries(STRATEGIES)
  const strategies = ground.mode === 'inline' ? all : all.filter(([name]) => /cooperative|KIP/.test(name))
  describe.each(strategies)('%s', (strategy, options) => {
    test('members that come and go process every record once, and never two at a time of a partition', async () => {
      const topic = await filledTopic(ground, `shared-${strategy}`, 6, 120)
      const log = new MemberLog(ground, topic)
      const a = log.join('a', options)
      await log.processed(120)
      const b = log.join('b', options)
      await log.shared([a, b], [3, 3])
      const c = log.join('c', options)
      await log.shared([a, b, c], [2, 2, 2])
      await more(ground, topic, 6, 120)
      await log.processed(240)
      await b.leave()
      await log.shared([a, c], [3, 3])
      await more(ground, topic, 6, 60)
      await c.leave()
      await log.processed(300)
      await log.shared([a], [6])
      await a.leave()
      expect(log.wrong).toEqual([])
      expect(log.twice).toEqual([])
      expect([...a.errors, ...b.errors, ...c.errors]).toEqual([])
      expect([...a.events, ...b.events, ...c.events].filter((event) => event.startsWith('!'))).toEqual([])
      const reader = ground.kafka().consumer({ groupId: log.groupId })
      const names = [0, 1, 2, 3, 4, 5].map((partition) => ({ topic, partition }))
      expect((await reader.committed(names)).map(({ offset }) => offset)).toEqual(Array(6).fill(50))
    }, 30_000)
  })

  test('a cooperative member gives up only what it has to, and reads on what it keeps', async () => {
    const topic = await filledTopic(ground, 'kept', 6, 60)
    const log = new MemberLog(ground, topic)
    const a = log.join('a')
    await log.processed(60)
    const b = log.join('b')
    await log.shared([a, b], [3, 3])
    await b.leave()
    await log.shared([a], [6])
    await a.leave()
    const [first, gaveUp, ...rest] = a.events
    expect(first).toBe('+0,1,2,3,4,5')
    expect(gaveUp).toMatch(/^-\d,\d,\d$/)
    expect(rest).toEqual([`+${gaveUp!.slice(1)}`, '-0,1,2,3,4,5'])
  }, 30_000)

  test('a member that dies is missed after its session; what it had is read on from its last commit', async () => {
    const topic = await filledTopic(ground, 'died', 4, 40)
    const log = new MemberLog(ground, topic)
    const a = log.join('a', { sessionTimeoutMs: 1_500 })
    const b = log.join('b', { sessionTimeoutMs: 1_500 }, ground.kafka())
    await log.shared([a, b], [2, 2])
    await log.processed(40)
    await b.die()
    await log.shared([a], [4])
    await more(ground, topic, 4, 40)
    await log.processed(80)
    expect(log.wrong).toEqual([])
  }, 30_000)
})
