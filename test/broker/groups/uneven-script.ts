// How many partitions the uniform assignor gives to KIP-848 members that do not all read the same. [test process]
import { describeCounts, idOf, ScriptedMember } from './consumer-script.ts'
import type { GroupScript } from './group-script.ts'

export async function unevenScript(script: GroupScript): Promise<void> {
  await script.topic('six', 6)
  await script.topic('half', 6)
  await script.topic('three', 3)
  await topicByTopic(script)
  await turns(script)
}

/** What one could give for a topic goes on to others for the next. */
async function topicByTopic(script: GroupScript): Promise<void> {
  const g = `${script.prefix}topic-by-topic`
  await script.coordinated(g)
  const client = await script.client()
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new ScriptedMember(client, g, idOf(name)))
  const [six, half] = [`${script.prefix}six`, `${script.prefix}half`]
  script.note('a joins', (await a!.join([six])).memberEpoch)
  script.note('b joins', (await b!.join([half])).memberEpoch)
  script.note('b reads both', (await b!.beat({ subscribedTopicNames: [six, half] })).memberEpoch)
  await describeCounts(script, client, g, 'one topic each')
  script.note('c joins', (await c!.join([six, half])).memberEpoch)
  await describeCounts(script, client, g, 'a third one reads both')
}

/** Of two that have as much, the one that had less before it was given anything has the next. */
async function turns(script: GroupScript): Promise<void> {
  const g = `${script.prefix}turns`
  await script.coordinated(g)
  const client = await script.client()
  const [a, b, c, other] = ['a', 'b', 'c', 'o'].map((name) => new ScriptedMember(client, g, idOf(name)))
  const topics = [`${script.prefix}three`]
  await other!.join([`${script.prefix}six`])
  await c!.join(topics)
  await a!.join(topics)
  await c!.beat({ memberEpoch: -1 })
  await describeCounts(script, client, g, 'two are free')
  script.note('b joins', (await b!.join(topics)).memberEpoch)
  await describeCounts(script, client, g, 'the newcomer has both')
}
