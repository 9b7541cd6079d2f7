// KIP-848 members that read no topic, when the targets of the others are old. [test process]
import { describeCounts, idOf, ScriptedMember } from './consumer-script.ts'
import type { GroupScript } from './group-script.ts'

export async function unsubscribedScript(script: GroupScript): Promise<void> {
  const g = `${script.prefix}unsubscribed`
  await script.topic('t', 4)
  await script.coordinated(g)
  const topics = [`${script.prefix}t`]
  const client = await script.client()
  const member = (name: string) => new ScriptedMember(client, g, idOf(name))
  const [a, b, c, d, e] = [member('a'), member('b'), member('c'), member('d'), member('e')]
  await a.join(topics)
  await b.join(topics)
  await b.beat({ memberEpoch: -1 })
  await describeCounts(script, client, g, 'one of two has left: the targets are old')
  script.note('c joins without topics, and raises no epoch', await c.join([]))
  // The targets now are for whoever reads the topic here, and by chance in Kafka: see random-script.ts.
  const { groups } = await client.call('ConsumerGroupDescribe', 1, { groupIds: [g] })
  script.note('the targets are new', [groups[0]!.groupEpoch, groups[0]!.assignmentEpoch])
  script.note('d joins', (await d.join(topics)).memberEpoch)
  await describeCounts(script, client, g, 'two of three read')
  await d.beat({ memberEpoch: -1 })
  script.note('e joins without topics, and is not the first', await e.join([]))
  await describeCounts(script, client, g, 'one of three reads')
  script.note('e wants the topic', (await e.beat({ subscribedTopicNames: topics })).memberEpoch)
  await describeCounts(script, client, g, 'two of three read again')
}
