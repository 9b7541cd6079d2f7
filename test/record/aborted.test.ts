// Readers of committed records never see an aborted one, whatever order the broker lists them in.

import { describe, expect, it } from 'vitest'
import { type AbortedTransaction, AbortedTransactions } from '../../src/record/aborted.ts'
import { readBatchHeader } from '../../src/record/batch.ts'
import { encodeBatch, encodeControlBatch } from '../../src/record/encode.ts'

const [one, two, three] = [1n, 2n, 3n]

/** Records of a producer, in a transaction unless 'plain' or 'idempotent'; or a marker. */
type Entry = [
  what: 'data' | 'plain' | 'idempotent' | 'abort' | 'commit',
  producerId: bigint,
  offset: number,
  count?: number,
]

/** The offsets that are delivered of these batches, with the transactions listed as [producer, first offset]. */
function delivered(log: Entry[], listed: [bigint, number][] | null): number[] {
  const list = listed?.map(([producerId, firstOffset]): AbortedTransaction => ({ producerId, firstOffset })) ?? null
  const aborted = new AbortedTransactions(list)
  const offsets: number[] = []
  for (const [what, producerId, baseOffset, count = 1] of log) {
    const bytes = encode(what, producerId, baseOffset, count)
    // In the middle of other bytes, as in a response.
    const response = Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(5, 0xff)])
    const header = readBatchHeader(new DataView(response.buffer, response.byteOffset), 5)
    const verdict = aborted.verdict(header, response, 5)
    expect(verdict === 'control').toBe(what === 'abort' || what === 'commit')
    for (let record = 0; record < count && verdict === 'deliver'; record++) offsets.push(baseOffset + record)
  }
  return offsets
}

function encode(what: Entry[0], producerId: bigint, baseOffset: number, count: number): Uint8Array {
  if (what === 'abort' || what === 'commit') {
    return encodeControlBatch({ type: what, producerId, producerEpoch: 0, baseOffset, timestamp: 5 })
  }
  const records = Array.from({ length: count }, () => ({ value: Buffer.from('v'), timestamp: 5 }))
  const producer = what === 'plain' ? {} : { producerId, producerEpoch: 0, baseSequence: 0 }
  return encodeBatch(records, { baseOffset, transactional: what === 'data', ...producer }) as Uint8Array
}

describe('one response', () => {
  it('drops an aborted transaction and nothing else', () => {
    const log: Entry[] = [
      ['plain', -1n, 0],
      ['data', one, 1, 2],
      ['data', two, 3],
      ['idempotent', one, 4],
      ['abort', one, 5],
      ['commit', two, 6],
      ['data', one, 7],
      ['commit', one, 8],
    ]
    expect(delivered(log, [[one, 1]])).toEqual([0, 3, 4, 7])
  })

  it('takes the list in any order and with repetitions', () => {
    const log: Entry[] = [
      ['data', one, 0],
      ['data', two, 1],
      ['abort', two, 2],
      ['data', three, 3],
      ['abort', one, 4],
      ['data', two, 5],
      ['abort', three, 6],
      ['commit', two, 7],
    ]
    const list: [bigint, number][] = [
      [three, 3],
      [one, 0],
      [two, 1],
      [one, 0],
      [three, 3],
    ]
    expect(delivered(log, list)).toEqual([5])
    expect(delivered(log, list.reverse())).toEqual([5])
  })

  it('keeps two aborted transactions of one producer apart from the committed one between them', () => {
    const log: Entry[] = [
      ['data', one, 0],
      ['commit', one, 1],
      ['data', one, 2],
      ['abort', one, 3],
      ['data', one, 4],
      ['commit', one, 5],
      ['data', one, 6],
      ['abort', one, 7],
      ['data', one, 8],
      ['commit', one, 9],
    ]
    expect(
      delivered(log, [
        [one, 2],
        [one, 6],
      ]),
    ).toEqual([0, 4, 8])
  })

  it('lets a marker without records pass, also beside a listed transaction of another producer', () => {
    const log: Entry[] = [
      ['data', one, 0],
      ['abort', two, 1],
      ['abort', two, 2],
      ['abort', one, 3],
      ['data', one, 4],
    ]
    expect(delivered(log, [[one, 0]])).toEqual([4])
    expect(delivered(log.slice(1, 3), [])).toEqual([])
  })

  it('does not end a transaction at the marker of another producer, nor at a commit marker', () => {
    const log: Entry[] = [
      ['data', one, 0],
      ['abort', two, 1],
      ['commit', two, 2],
      ['data', one, 3],
      ['abort', one, 4],
    ]
    expect(delivered(log, [[one, 0]])).toEqual([])
  })

  it('works where compaction removed records of the transaction, its marker, or both', () => {
    // The broker forgets an aborted transaction together with its marker, and that only after all its records.
    expect(
      delivered(
        [
          ['abort', one, 5],
          ['data', one, 9],
          ['commit', one, 10],
        ],
        [[one, 2]],
      ),
    ).toEqual([9])
    expect(
      delivered(
        [
          ['data', one, 9],
          ['commit', one, 10],
        ],
        [],
      ),
    ).toEqual([9])
    expect(
      delivered(
        [
          ['data', one, 4],
          ['abort', one, 5],
          ['data', one, 9],
        ],
        [[one, 2]],
      ),
    ).toEqual([9])
  })

  it('begins a transaction that starts inside of a batch range with that batch', () => {
    // Compaction may leave a batch whose first offset lies before the first that is left of the transaction.
    expect(
      delivered(
        [
          ['data', one, 10, 5],
          ['abort', one, 15],
        ],
        [[one, 12]],
      ),
    ).toEqual([])
    expect(
      delivered(
        [
          ['data', one, 10, 5],
          ['commit', one, 15],
        ],
        [[one, 15]],
      ),
    ).toEqual([10, 11, 12, 13, 14])
  })
})

describe('several responses', () => {
  const log: Entry[] = [
    ['data', one, 0],
    ['data', two, 1],
    ['data', one, 2],
    ['commit', two, 3],
    ['data', two, 4],
    ['abort', one, 5],
    ['data', one, 6],
    ['abort', two, 7],
    ['commit', one, 8],
  ]
  const transactions = [
    { entry: [one, 0] as [bigint, number], markerOffset: 5 },
    { entry: [two, 4] as [bigint, number], markerOffset: 7 },
  ]

  it('gives the same records wherever the log is cut into responses', () => {
    const whole = delivered(
      log,
      transactions.map(({ entry }) => entry),
    )
    expect(whole).toEqual([1, 6])
    for (let cuts = 0; cuts < 2 ** (log.length - 1); cuts++) {
      const offsets: number[] = []
      for (let from = 0; from < log.length; ) {
        let to = from + 1
        while (to < log.length && !(cuts & (1 << (to - 1)))) to++
        // As the broker lists them: what overlaps the response, the marker's place unsaid.
        const overlapping = transactions.filter(({ entry, markerOffset }) => entry[1] < to && markerOffset >= from)
        offsets.push(
          ...delivered(
            log.slice(from, to),
            overlapping.map(({ entry }) => entry),
          ),
        )
        from = to
      }
      expect(offsets).toEqual(whole)
    }
  })

  it('drops records whose marker lies in a later response, because the earlier one lists them too', () => {
    expect(delivered(log.slice(0, 3), [[one, 0]])).toEqual([1])
  })
})

describe('readers of uncommitted records', () => {
  it('get everything but the markers', () => {
    const log: Entry[] = [
      ['data', one, 0],
      ['abort', one, 1],
      ['plain', -1n, 2],
    ]
    expect(delivered(log, null)).toEqual([0, 2])
    expect(delivered(log, [])).toEqual([0, 2])
  })
})
