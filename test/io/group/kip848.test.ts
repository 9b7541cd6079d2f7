// A membership of the new protocol on a virtual clock, with answers of a coordinator as the test wants them: how often
// it speaks does not depend on what it cannot find out. [test process]
import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.ts'
import type { GroupNews, GroupQuestion } from '../../../src/control/grouping.ts'
import { ConsumerMembership } from '../../../src/io/group/kip848.ts'
import type { MembershipHost } from '../../../src/io/group/membership.ts'
import { ProgressWord } from '../../../src/ring/progress.ts'
import { VirtualClock } from '../../../src/wiring/virtual-clock.ts'

const ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

test('an id that has no name is asked for at heartbeats only, until it has one', async () => {
  const clock = new VirtualClock()
  const log: string[] = []
  let name: string | null = null
  // Told once, as long as it does not change.
  let news: object | null = { topicPartitions: [{ topicId: ID, partitions: [0] }] }
  const answers: Record<string, () => object> = {
    ConsumerGroupHeartbeat: () => {
      const assignment = news
      news = null
      return { errorCode: 0, memberId: 'm', memberEpoch: 1, heartbeatIntervalMs: 100, assignment }
    },
    Metadata: () => ({ topics: [{ topicId: ID, name, errorCode: name === null ? 100 : 0 }] }),
  }
  const settings = {
    ...{ groupId: 'g', groupProtocol: 'consumer', groupInstanceId: undefined, assignors: [] },
    ...{ sessionTimeoutMs: 10_000, heartbeatFloorMs: 100, maxPollIntervalMs: 60_000 },
  }
  const host = {
    settings,
    cluster: {
      host: { clock, options: { requestTimeoutMs: 30_000 }, onEvent() {} },
      backoffMs: () => 50,
      metadata: { nameOf: () => undefined },
    },
    requester: {
      request: async (_: unknown, api: string) => {
        log.push(api)
        // One that asks without a pause leaves no time for anything else.
        if (log.length > 100) throw new Error('too often')
        return { body: answers[api]!() }
      },
    },
    random: seededRandom(1),
    role: 'group:1',
    progress: new ProgressWord(),
    tell: (news: GroupNews) => void log.push(news.tell),
    ask: async (question: GroupQuestion) => void log.push(question.ask),
  }
  const membership = new ConsumerMembership(host as unknown as MembershipHost)
  membership.subscribe({ topics: ['t'] })
  await clock.advance(50)
  log.length = 0
  await clock.advance(1_000)
  expect(log).toEqual(Array.from({ length: 10 }, () => ['ConsumerGroupHeartbeat', 'Metadata']).flat())
  name = 't'
  log.length = 0
  await clock.advance(150)
  expect(log.slice(0, 3)).toEqual(['ConsumerGroupHeartbeat', 'Metadata', 'assign'])
  expect(log.filter((one) => one !== 'ConsumerGroupHeartbeat')).toEqual(['Metadata', 'assign'])
  membership.close()
})
