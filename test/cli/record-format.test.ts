// --format and --json: every verb, every byte. [test process]
import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeJsonLines } from '../../src/cli/json-lines.ts'
import { Output } from '../../src/cli/output.ts'
import { compileFormat, type RecordWriter } from '../../src/cli/record-format.ts'
import { seed } from '../support/seed.ts'
import { type FakeRecord, fakeBatch } from './fake-batch.ts'

async function printed(write: RecordWriter, records: FakeRecord[], count = records.length): Promise<Buffer> {
  const pieces: Buffer[] = []
  const sink = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(Buffer.from(piece))
      done()
    },
  })
  const output = new Output(sink)
  write(fakeBatch('events', 7, records), count, output)
  await output.end()
  return Buffer.concat(pieces)
}
const text = async (format: string, ...records: FakeRecord[]) =>
  (await printed(compileFormat(format), records)).toString('utf8')

describe('a format', () => {
  it('prints every verb', async () => {
    const record: FakeRecord = {
      key: 'k',
      value: 'välue',
      offset: 42,
      timestamp: 1700000000123,
      headers: [
        ['a', '1'],
        ['a', '2'],
        ['none', null],
      ],
    }
    const line = await text('%t/%p@%o %T %k=%s [%h] 100%%\\t\\\\\\n', record)
    expect(line).toBe('events/7@42 1700000000123 k=välue [a=1,a=2,none=null] 100%\t\\\n')
  })

  it('prints null for null and nothing for empty', async () => {
    expect(await text('%k|%s\\n', {}, { key: '', value: '' })).toBe('null|null\n|\n')
    expect(await text('[%h]', {})).toBe('[]')
  })

  it('leaves every byte of a value as it is', async () => {
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    expect(await printed(compileFormat('%s'), [{ value }])).toEqual(Buffer.from(value))
  })

  it('prints the first records of a batch only, when asked', async () => {
    const records = [1, 2, 3, 4].map((number) => ({ value: String(number) }))
    expect((await printed(compileFormat('%s;'), records, 2)).toString()).toBe('1;2;')
  })

  it(`prints any number as JavaScript does (seed ${seed})`, async () => {
    const numbers = fc.sample(fc.maxSafeInteger(), { numRuns: 2000, seed })
    numbers.push(
      0,
      -1,
      9,
      10,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
      10 ** 15,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    )
    for (let power = 1; power < 1e16; power *= 10) numbers.push(power, power - 1)
    const records = numbers.map((number) => ({ offset: Math.abs(number), timestamp: number }))
    const expected = numbers.map((number) => `${Math.abs(number)} ${number}\n`).join('')
    expect(await text('%o %T\\n', ...records)).toBe(expected)
  })

  it('prints records larger than any chunk, between small ones', async () => {
    const big = 'x'.repeat(3_000_000)
    expect(await text('%s\\n', { value: 'a' }, { value: big }, { value: 'b' })).toBe(`a\n${big}\nb\n`)
  })

  it.each(['%', '%x', 'abc %z'])('refuses %j and lists the verbs', (format) => {
    expect(() => compileFormat(format)).toThrow(/no verb .*%t topic/)
  })
})

describe('--json', () => {
  const lines = async (...records: FakeRecord[]) => {
    const output = (await printed(writeJsonLines, records)).toString()
    expect(output.endsWith('\n')).toBe(true)
    return output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  }

  it('prints one object a line', async () => {
    expect(await lines({ key: 'k', value: 'line\n"two"', offset: 3, timestamp: 5 }, {})).toEqual([
      { topic: 'events', partition: 7, offset: 3, timestamp: 5, key: 'k', value: 'line\n"two"' },
      { topic: 'events', partition: 7, offset: 1, timestamp: 0, key: null, value: null },
    ])
  })

  it('keeps bytes that are no text, and duplicate headers', async () => {
    const value = Uint8Array.of(0xff, 0x00)
    const [record] = await lines({
      value,
      headers: [
        ['a', '1'],
        ['a', null],
      ],
    })
    expect(record.valueBase64).toBe('/wA=')
    expect(record).not.toHaveProperty('value')
    expect(record.headers).toEqual([
      ['a', '1'],
      ['a', null],
    ])
  })
})
