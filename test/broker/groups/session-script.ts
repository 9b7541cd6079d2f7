// What happens to members that fall silent: classic ones after two seconds, KIP-848 ones after four. [test process]
import { commitOf, join, joinOf } from './classic-script.ts'
import { ScriptedMember } from './consumer-script.ts'
import { type GroupScript, sleep } from './group-script.ts'

const CLASSIC_MS = 2000

export async function sessionScript(script: GroupScript): Promise<void> {
  await script.topic('t', 4)
  // They wait most of the time, so they may do it together; each has its steps in order.
  const parts = [silence, slowness, unsynced, consumerSilence, consumerStubbornness]
  const scripts = parts.map((part) => ({ part, own: script.branch() }))
  await Promise.all(scripts.map(({ part, own }) => part(own)))
  for (const { own } of scripts) script.steps.push(...own.steps)
}

/** One of two says nothing any more. */
async function silence(script: GroupScript): Promise<void> {
  const g = `${script.prefix}silence`
  await script.coordinated(g)
  const [a, b] = await Promise.all([script.client(), script.client()])
  const timeouts = { sessionTimeoutMs: CLASSIC_MS, rebalanceTimeoutMs: 5000 }
  const one = await join(a, 5, g, timeouts)
  await a.call('SyncGroup', 3, { groupId: g, generationId: 1, memberId: one.memberId })
  const joinsB = join(b, 5, g, timeouts)
  const claim = { groupId: g, generationId: 1, memberId: one.memberId }
  while ((await a.call('Heartbeat', 3, claim)).errorCode !== 27) await sleep(20)
  const again = joinOf(g, { ...timeouts, memberId: one.memberId })
  const [next, two] = await Promise.all([a.call('JoinGroup', 5, again), joinsB])
  const second = { groupId: g, generationId: 2 }
  await a.call('SyncGroup', 3, { ...second, memberId: next.memberId })
  await b.call('SyncGroup', 3, { ...second, memberId: two.memberId })
  const topics = commitOf(`${script.prefix}t`, 5)
  const commit = { groupId: g, memberId: one.memberId, generationIdOrMemberEpoch: 2, topics }
  for (let waited = 0; waited < 2 * CLASSIC_MS; waited += CLASSIC_MS / 4) {
    await sleep(CLASSIC_MS / 4)
    // Alive by commits alone.
    await a.call('OffsetCommit', 8, commit)
  }
  await script.ask('the other is called', a, 'Heartbeat', 3, { ...second, memberId: one.memberId })
  await script.ask('the silent one is out', b, 'Heartbeat', 3, { ...second, memberId: two.memberId })
}

/** One of two does not join again in time. */
async function slowness(script: GroupScript): Promise<void> {
  const g = `${script.prefix}slowness`
  await script.coordinated(g)
  const [a, b] = await Promise.all([script.client(), script.client()])
  const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 1000 }
  const one = await join(a, 5, g, timeouts)
  const claim = { groupId: g, generationId: 1, memberId: one.memberId }
  await a.call('SyncGroup', 3, claim)
  script.note('the other has joined alone', await join(b, 5, g, timeouts))
  await script.ask('the slow one is out', a, 'Heartbeat', 3, claim)
}

/** One never asks for its assignment. */
async function unsynced(script: GroupScript): Promise<void> {
  const g = `${script.prefix}unsynced`
  await script.coordinated(g)
  const a = await script.client()
  const one = await join(a, 5, g, { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 1000 })
  const claim = { groupId: g, generationId: 1, memberId: one.memberId }
  await script.ask('before', a, 'Heartbeat', 3, claim)
  await sleep(1500)
  await script.ask('after', a, 'Heartbeat', 3, claim)
}

async function consumerSilence(script: GroupScript): Promise<void> {
  const g = `${script.prefix}consumer-silence`
  await script.coordinated(g)
  const [a, b] = ['a', 'b'].map(async (id) => new ScriptedMember(await script.client(), g, id.repeat(22)))
  const [one, two] = [await a!, await b!]
  await one.join([`${script.prefix}t`])
  await two.join([`${script.prefix}t`])
  for (let i = 0; i < 3; i++) {
    await one.acknowledge()
    await two.acknowledge()
  }
  for (let waited = 0; waited < 6000; waited += 500) {
    await sleep(500)
    await one.acknowledge()
  }
  script.note('all is its own', [(await one.beat()).errorCode, one.owned[0]?.partitions.length])
  script.note('the silent one is out', (await two.beat()).errorCode)
}

/** One never gives back what it must. */
async function consumerStubbornness(script: GroupScript): Promise<void> {
  const g = `${script.prefix}stubborn`
  await script.coordinated(g)
  const client = await script.client()
  const [one, two] = ['a', 'b'].map((id) => new ScriptedMember(client, g, id.repeat(22)))
  await one!.join([`${script.prefix}t`], { rebalanceTimeoutMs: 1000 })
  await two!.join([`${script.prefix}t`])
  let answer = await one!.beat()
  for (let waited = 0; waited < 2000; waited += 200) {
    await sleep(200)
    if (answer.errorCode === 0) answer = await one!.beat()
    await two!.beat()
  }
  script.note('the stubborn one is out', answer.errorCode)
  script.note('the other has all', [(await two!.beat()).errorCode, two!.owned[0]?.partitions.length])
}
