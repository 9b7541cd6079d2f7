// Offsets that are committed, those of open transactions, and which of two counts. [test process]
import { beforeEach, expect, test } from 'vitest'
import { OffsetStore } from '../../src/broker/offset-store.ts'

const key = { group: 'g', topic: 't', partition: 0 }
const at = (offset: number) => ({ offset, leaderEpoch: -1, metadata: '' })
let store: OffsetStore

beforeEach(() => {
  store = new OffsetStore()
})

function stored(): number | undefined {
  return store.fetch('g', 't', 0)?.offset
}

test('an offset of a transaction counts once it is committed', () => {
  store.commit('g', 't', 0, at(1))
  store.commitInTransaction(7n, key, at(5))
  expect([stored(), store.isPending(key)]).toEqual([1, true])
  store.endTransaction(7n, 'commit')
  expect([stored(), store.isPending(key)]).toEqual([5, false])
})

test('and never after an abort', () => {
  store.commitInTransaction(7n, key, at(5))
  store.endTransaction(8n, 'commit')
  expect([stored(), store.isPending(key)]).toEqual([undefined, true])
  store.endTransaction(7n, 'abort')
  expect([stored(), store.isPending(key)]).toEqual([undefined, false])
})

test('what was committed after it wins over it, as in the log', () => {
  store.commitInTransaction(7n, key, at(5))
  store.commit('g', 't', 0, at(9))
  store.endTransaction(7n, 'commit')
  expect(stored()).toBe(9)
})

test('two transactions hold one partition; each ends on its own', () => {
  store.commitInTransaction(7n, key, at(5))
  store.commitInTransaction(8n, key, at(6))
  store.endTransaction(8n, 'commit')
  expect([stored(), store.isPending(key)]).toEqual([6, true])
  store.endTransaction(7n, 'commit')
  expect([stored(), store.isPending(key)]).toEqual([6, false])
})

test('groups, topics and single offsets are forgotten with what is pending', () => {
  for (const forget of [() => store.forget(key), () => store.forgetGroup('g'), () => store.forgetTopic('t')]) {
    store.commit('g', 't', 0, at(1))
    store.commitInTransaction(7n, key, at(5))
    forget()
    expect([stored(), store.isPending(key)]).toEqual([undefined, false])
    expect(store.topicsOf('g').flatMap(({ partitions }) => partitions)).toEqual([])
  }
})
