// Commits of what is not a member's any more: none reaches the coordinator, and whoever waits is told (C8: none after
// `lost`). On the embedded broker, which can be told to fail. [test process]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test, vi } from 'vitest'
import type { ConsumerOptions } from '../../src/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { BOTH, PATIENCE, QUICK, quickGroups } from './quick-groups.ts'

const TAKEN = { name: 'RebalanceInProgress', code: 'NOT_ASSIGNED' }

const given = quickGroups()

const GROUP = { groupId: 'g', ...QUICK } as const satisfies ConsumerOptions

/** The group goes on without its member, which joins again. */
function fence(groupProtocol: 'classic' | 'consumer'): void {
  if (groupProtocol === 'classic') given.broker.fail('Heartbeat', ErrorCode.ILLEGAL_GENERATION)
  else given.broker.fail('ConsumerGroupHeartbeat', ErrorCode.FENCED_MEMBER_EPOCH)
}

test.each(BOTH)('%s: a commit that outlives a loss is not made in the next generation', async (groupProtocol) => {
  let [assigned, lost] = [0, 0]
  const consumer = given.kafka.consumer({ ...GROUP, groupProtocol, autoCommit: false })
  consumer.subscribe('t', { onAssigned: () => void assigned++, onLost: () => void lost++ })
  const record = await consumer.recv()
  const epochs: number[] = []
  given.broker.on('OffsetCommit', ({ generationIdOrMemberEpoch }) => {
    epochs.push(generationIdOrMemberEpoch)
    // One that is tried again from main, with the identity of the moment.
    return { errorCode: ErrorCode.REQUEST_TIMED_OUT }
  })
  const committing = record.commit().catch((error) => error)
  await vi.waitFor(() => expect(epochs.length).toBeGreaterThan(0), PATIENCE)
  fence(groupProtocol)
  await vi.waitFor(() => expect([assigned, lost]).toEqual([2, 1]), PATIENCE)
  expect(await committing).toMatchObject(TAKEN)
  expect(new Set(epochs).size).toBe(1)
})

test.each(BOTH)('%s: commits of what was taken away are refused, those of what came back are not', async (protocol) => {
  const consumer = given.kafka.consumer({ ...GROUP, groupProtocol: protocol, topics: 't', autoCommit: false })
  const record = await consumer.recv()
  const { value: batch } = await consumer.batches().next()
  let commits = 0
  given.broker.on('OffsetCommit', () => void commits++)
  let lost = 0
  consumer.subscribe('t', { onLost: () => void lost++ })
  fence(protocol)
  await vi.waitFor(() => expect([lost, consumer.assignment().length]).toEqual([1, 1]), PATIENCE)
  await expect(record.commit()).rejects.toMatchObject(TAKEN)
  await expect(batch!.commit()).rejects.toMatchObject(TAKEN)
  expect(commits).toBe(0)
  const again = await consumer.recv()
  expect(again.offset).toBe(0)
  await again.commit()
  expect(given.broker.group('g')?.offsets).toMatchObject([{ offset: 1 }])
})

test('record.commitAsync of what was taken away is told after those that were called before it', async () => {
  const consumer = given.kafka.consumer({ ...GROUP, topics: 't', autoCommit: false })
  const record = await consumer.recv()
  let lost = 0
  consumer.subscribe('t', { onLost: () => void lost++ })
  fence('classic')
  await vi.waitFor(() => expect(lost).toBe(1), PATIENCE)
  const again = await consumer.recv()
  const told: unknown[] = []
  await Promise.all([
    again.commitAsync((error) => void told.push(error)),
    record.commitAsync((error) => void told.push(error?.code)),
  ])
  expect(told).toEqual([undefined, TAKEN.code])
})

test('after unsubscribe nothing is committed, under no name at all', async () => {
  const consumer = given.kafka.consumer({ ...GROUP, topics: 't', autoCommit: false })
  const record = await consumer.recv()
  await consumer.unsubscribe()
  await expect(record.commit()).rejects.toMatchObject(TAKEN)
  await expect(consumer.commit()).rejects.toMatchObject({ code: 'NOTHING_ASSIGNED' })
  expect(given.broker.group('g')?.offsets).toEqual([])
})

test.each(['here', 'in a worker'])(
  'a handler %s that commits too late fails for nobody: the run goes on',
  async (where) => {
    const told: { code: unknown; baseOffset: number }[] = []
    Object.assign(globalThis, { groupCommitsTold: (one: (typeof told)[0]) => void told.push(one) })
    let lost = 0
    const consumer = given.kafka.consumer({ ...GROUP, autoCommit: false })
    consumer.subscribe('t', { onLost: () => void lost++ })
    const dir = mkdtempSync(join(tmpdir(), 'millrace-group-commits-'))
    const file = join(dir, 'processor.mjs')
    const handler = `async (batch) => {
    if (!globalThis.groupCommitsGo) await new Promise((resolve) => { globalThis.groupCommitsGo = resolve })
    const { baseOffset } = batch
    const code = await batch.commit().then(() => 'committed', ({ code }) => code)
    groupCommitsTold({ code, baseOffset })
    if (code !== 'committed') throw new Error('told that it is too late')
  }`
    writeFileSync(file, `export default ${handler}`)
    const module = pathToFileURL(file).href
    const eachBatch = (await import(module)).default
    const run = consumer.run(where === 'here' ? { eachBatch } : { processor: module })
    const held = globalThis as { groupCommitsGo?: (() => void) | undefined }
    await vi.waitFor(() => expect(held.groupCommitsGo).toBeDefined(), PATIENCE)
    fence('classic')
    await vi.waitFor(() => expect(lost).toBe(1), PATIENCE)
    held.groupCommitsGo!()
    await vi.waitFor(() => expect(told).toHaveLength(2), PATIENCE)
    expect(told).toEqual([
      { code: where === 'here' ? 'NOT_ASSIGNED' : 'STALE_BATCH', baseOffset: 0 },
      { code: 'committed', baseOffset: 0 },
    ])
    held.groupCommitsGo = undefined
    expect(given.broker.group('g')?.offsets).toMatchObject([{ offset: 3 }])
    await consumer.close()
    await run
    rmSync(dir, { recursive: true })
  },
)

test('a loss while starting points are asked for: what comes back is read once, and told of in order', async () => {
  const events: string[] = []
  let waiting: (() => void) | undefined
  given.broker.once('OffsetFetch', async () => {
    await new Promise<void>((resolve) => {
      waiting = resolve
    })
    return undefined
  })
  const consumer = given.kafka.consumer({ ...GROUP, groupProtocol: 'consumer' })
  consumer.subscribe('t', {
    onAssigned: ([one]) => {
      events.push(`+${consumer.assignment().length}`)
      return consumer.seek(one!, 1)
    },
    onLost: () => void events.push('!'),
  })
  const seen: number[] = []
  const run = consumer.run({ eachRecord: ({ offset }) => void seen.push(offset) })
  await vi.waitFor(() => expect(waiting).toBeDefined(), PATIENCE)
  fence('consumer')
  await vi.waitFor(() => expect(consumer.assignment()).toEqual([]), PATIENCE)
  waiting!()
  await vi.waitFor(() => expect(seen).toEqual([1, 2]), PATIENCE)
  expect(events).toEqual(['!', '+1'])
  await given.broker.seed('t', ['d'])
  await vi.waitFor(() => expect(seen).toEqual([1, 2, 3]), PATIENCE)
  await consumer.close()
  await run
})

test('a listener that seeks in what is lost while it works fails for nobody', async () => {
  let [assigned, lost] = [0, 0]
  const consumer = given.kafka.consumer({ ...GROUP, groupProtocol: 'consumer' })
  consumer.subscribe('t', {
    onAssigned: async ([one]) => {
      if (assigned++ > 0) return
      fence('consumer')
      await vi.waitFor(() => expect(consumer.assignment()).toEqual([]), PATIENCE)
      await consumer.seek(one!, 1)
    },
    onLost: () => void lost++,
  })
  const seen: number[] = []
  const run = consumer.run({ eachRecord: ({ offset }) => void seen.push(offset) })
  await vi.waitFor(() => expect([assigned, lost, seen]).toEqual([2, 1, [0, 1, 2]]), PATIENCE)
  await consumer.close()
  await run
})
