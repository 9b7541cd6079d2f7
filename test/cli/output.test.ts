// Standard output for data: joined writes, back-pressure, a reader that goes away. [test process]
import { PassThrough, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Output } from '../../src/cli/output.ts'

/** A stream that keeps what it is given and says when it may go on. */
function slowStream() {
  const pieces: Buffer[] = []
  const waiting: (() => void)[] = []
  const stream = new Writable({
    highWaterMark: 1000,
    write(piece: Buffer, _encoding, done) {
      pieces.push(Buffer.from(piece))
      waiting.push(done)
    },
  })
  return { stream, pieces, waiting }
}

it('joins what a busy loop writes, and sends it when the loop rests', async () => {
  const { stream, pieces } = slowStream()
  const output = new Output(stream)
  for (let line = 0; line < 100; line++) output.write(Buffer.from(`${line}\n`))
  expect(pieces).toHaveLength(0)
  await setImmediate()
  expect(pieces).toHaveLength(1)
  expect(pieces[0]!.toString().split('\n')).toHaveLength(101)
})

it('makes a fast writer wait for a slow reader', async () => {
  const { stream, waiting } = slowStream()
  const output = new Output(stream)
  output.write(Buffer.alloc(300_000))
  await setImmediate()
  let resumed = false
  const ready = output.ready()!.then(() => {
    resumed = true
  })
  await setImmediate()
  expect(resumed).toBe(false)
  waiting.shift()!()
  await ready
  expect(output.ready()).toBeUndefined()
})

it('loses and repeats nothing when chunks are reused', async () => {
  const stream = new PassThrough({ highWaterMark: 50_000 })
  const seen: Buffer[] = []
  stream.on('data', (piece: Buffer) => seen.push(Buffer.from(piece)))
  const output = new Output(stream)
  const expected: Buffer[] = []
  for (let turn = 0; turn < 200; turn++) {
    const bytes = Buffer.alloc(1 + ((turn * 7919) % 40_000), turn)
    expected.push(bytes)
    output.write(bytes)
    await output.ready()
  }
  await output.end()
  await setImmediate()
  expect(Buffer.concat(seen).equals(Buffer.concat(expected))).toBe(true)
})

it('takes a reader that went away for the end, and any other error for a failure', async () => {
  for (const [code, fails] of [
    ['EPIPE', false],
    ['ENOSPC', true],
  ] as const) {
    const stream = new Writable({
      write: (_piece, _encoding, done) => done(Object.assign(new Error(code), { code })),
    })
    const output = new Output(stream)
    output.write(Buffer.from('x'))
    await setImmediate()
    await setImmediate()
    expect(output.closed).toBe(true)
    const end = output.end()
    if (fails) await expect(end).rejects.toThrow(code)
    else await end
  }
})
