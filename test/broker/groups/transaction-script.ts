// Offsets that groups commit inside transactions (KIP-447): who may, and when they can be seen. [test process]
import type { RawClient } from '../raw-client.ts'
import { commitOf, join } from './classic-script.ts'
import { ScriptedMember } from './consumer-script.ts'
import { type GroupScript, sleep } from './group-script.ts'

export async function transactionScript(script: GroupScript): Promise<void> {
  await script.topic('t', 4)
  await classic(script)
  await consumer(script)
}

interface Identity {
  transactionalId: string
  producerId: bigint
  producerEpoch: number
}

/** A transaction that groups may be added to. */
class Transaction {
  readonly #script: GroupScript
  readonly #client: RawClient
  readonly #id: Identity

  private constructor(script: GroupScript, client: RawClient, id: Identity) {
    this.#script = script
    this.#client = client
    this.#id = id
  }

  static async begin(script: GroupScript, name: string, groupId: string): Promise<Transaction> {
    const client = await script.client()
    const transactionalId = `${script.prefix}${name}`
    const request = { transactionalId, transactionTimeoutMs: 60_000 }
    // A real coordinator of transactions takes a moment to be there, and to be done with the one before.
    await client.call('FindCoordinator', 4, { keyType: 1, coordinatorKeys: [transactionalId] })
    const made = await untilSound(() => client.call('InitProducerId', 4, request))
    const { producerId, producerEpoch } = made
    const transaction = new Transaction(script, client, { transactionalId, producerId, producerEpoch })
    await untilSound(() => client.call('AddOffsetsToTxn', 3, { ...transaction.#id, groupId }))
    return transaction
  }

  commit(what: string, groupId: string, offset: number, claim: object = {}, partition = 0) {
    const topics = commitOf(`${this.#script.prefix}t`, offset, partition)
    return this.#script.ask(what, this.#client, 'TxnOffsetCommit', 3, { ...this.#id, groupId, topics, ...claim })
  }

  async end(committed: boolean): Promise<void> {
    const { errorCode } = await this.#client.call('EndTxn', 3, { ...this.#id, committed })
    this.#script.note('the end', errorCode)
  }
}

async function untilSound<T extends { errorCode: number }>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer.errorCode === 0) return answer
    await sleep(50)
  }
}

async function fetch(script: GroupScript, client: RawClient, what: string, groupId: string, requireStable: boolean) {
  const topics = [{ name: `${script.prefix}t`, partitionIndexes: [0, 1] }]
  await script.ask(what, client, 'OffsetFetch', 8, { groups: [{ groupId, topics }], requireStable })
}

/** Markers are written behind the scenes. */
async function whenStable(client: RawClient, groupId: string, topic: string): Promise<void> {
  const topics = [{ name: topic, partitionIndexes: [0, 1] }]
  for (;;) {
    const { groups } = await client.call('OffsetFetch', 8, { groups: [{ groupId, topics }], requireStable: true })
    if (groups[0]!.topics[0]!.partitions.every(({ errorCode }) => errorCode === 0)) return
    await sleep(20)
  }
}

async function classic(script: GroupScript): Promise<void> {
  const g = `${script.prefix}transactional`
  await script.coordinated(g)
  const [a, admin] = await Promise.all([script.client(), script.client()])
  const { memberId } = await join(a, 5, g)
  const generationId = 1
  const transaction = await Transaction.begin(script, 'classic', g)
  await transaction.commit('before the assignment', g, 1, { memberId, generationId })
  await a.call('SyncGroup', 3, { groupId: g, generationId, memberId })
  await transaction.commit('of the member', g, 5, { memberId, generationId })
  await transaction.commit('of the past', g, 6, { memberId, generationId: 0 })
  await transaction.commit('of the future', g, 6, { memberId, generationId: 2 })
  await transaction.commit('of a stranger', g, 6, { memberId: 'stranger', generationId })
  await transaction.commit('of a static stranger', g, 6, { memberId, generationId, groupInstanceId: 'i' })
  await transaction.commit('of an old client, which says nothing', g, 7, {}, 1)
  await fetch(script, admin, 'what is stable', g, true)
  await fetch(script, admin, 'what is committed', g, false)
  await transaction.end(true)
  await whenStable(admin, g, `${script.prefix}t`)
  await fetch(script, admin, 'what was committed', g, true)
  const next = await Transaction.begin(script, 'classic', g)
  await next.commit('to be aborted', g, 50, { memberId, generationId })
  await next.end(false)
  await whenStable(admin, g, `${script.prefix}t`)
  await fetch(script, admin, 'what was committed before', g, true)
}

async function consumer(script: GroupScript): Promise<void> {
  const g = `${script.prefix}transactional-consumer`
  await script.coordinated(g)
  const client = await script.client()
  const [one, two] = ['a', 'b'].map((id) => new ScriptedMember(client, g, id.repeat(22))) as [
    ScriptedMember,
    ScriptedMember,
  ]
  await one.join([`${script.prefix}t`])
  await one.acknowledge()
  const transaction = await Transaction.begin(script, 'consumer', g)
  const claim = (member: ScriptedMember, more = 0) => ({ memberId: member.id, generationId: member.epoch + more })
  await transaction.commit('of the member', g, 5, claim(one))
  await transaction.commit('of its past', g, 6, claim(one, -1))
  await transaction.commit('of its future', g, 6, claim(one, 1))
  await transaction.commit('of a stranger', g, 6, { memberId: 'c'.repeat(22), generationId: 1 })
  await transaction.commit('of an old client', g, 7, {}, 1)
  await two.join([`${script.prefix}t`])
  for (let i = 0; i < 3; i++) {
    await one.acknowledge()
    await two.acknowledge()
  }
  for (let partition = 0; partition < 4; partition++) {
    await transaction.commit(`of ${partition} in the epoch before`, g, 8, claim(one, -1), partition)
  }
  await transaction.commit('of what the other has', g, 9, claim(one), 3)
  await fetch(script, client, 'what is stable', g, true)
  await transaction.end(true)
  await whenStable(client, g, `${script.prefix}t`)
  await fetch(script, client, 'what was committed', g, true)
}
