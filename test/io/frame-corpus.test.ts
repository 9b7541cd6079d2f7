// Every bad first answer, and every bad later answer: a typed error that names the broker, and nothing worse.
import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { MillraceError } from '../../src/base/errors.ts'
import { tcp } from '../../src/base/tcp.ts'
import type { Transport } from '../../src/base/transport.ts'
import { Connection, type ConnectionHost } from '../../src/io/connection.ts'
import { ioDefaults } from '../../src/io/io-options.ts'
import { encodeResponse } from '../../src/protocol/frame.ts'
import { type FrameCase, frameCorpus } from '../support/frame-corpus.ts'
import { caught, IoWorld } from '../support/io-world.ts'
import { ScriptedBroker } from '../support/scripted-broker.ts'

const MAX_RESPONSE_BYTES = 20_000
const options = {
  ...ioDefaults,
  brokers: [],
  maxResponseBytes: MAX_RESPONSE_BYTES,
  requestTimeoutMs: 700,
  connectTimeoutMs: 700,
}

type Stage = 'handshake' | 'request'
const corpus = {
  handshake: frameCorpus(1_048_576),
  request: frameCorpus(MAX_RESPONSE_BYTES),
} satisfies Record<Stage, FrameCase[]>

/** A broker that answers as the case says, at that stage. */
async function badBroker(transport: Transport, stage: Stage, one: FrameCase, host = 'broker'): Promise<ScriptedBroker> {
  const broker = await ScriptedBroker.start(transport, { host, port: 0 })
  broker.on(stage === 'handshake' ? 'ApiVersions' : 'Metadata', ({ request, connection }) => {
    const { correlationId, api, version } = request
    const right =
      api === 'ApiVersions'
        ? encodeResponse('ApiVersions', version, correlationId, broker.versionsAnswer())
        : encodeResponse('Metadata', version, correlationId, { clusterId: 'right' })
    connection.write(one.bytes(correlationId, right))
    if (one.closes) connection.socket.destroy()
    return undefined
  })
  if (stage === 'handshake') broker.on('Metadata', () => ({ clusterId: 'right' }))
  return broker
}

function check(one: FrameCase, error: unknown, broker: string): void {
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ broker })
  expect((error as MillraceError).message).toContain(broker)
  // A loss tells the request what it means for it, and carries what happened.
  const { code, cause } = error as MillraceError
  const codes = cause instanceof MillraceError ? [code, cause.code] : [code]
  const wanted = one.code!
  const matching = codes.filter((given) => (typeof wanted === 'string' ? given === wanted : wanted.test(given)))
  expect(matching, `${codes} should have ${wanted}`).not.toEqual([])
}

describe.each(['handshake', 'request'] as const)('at the %s', (stage) => {
  test.each(corpus[stage])('$name', async (one) => {
    for (const sliceBytes of [Number.POSITIVE_INFINITY, 1, 3]) {
      const { pipes, clock, host } = new IoWorld(options, { sliceBytes, latencyMs: [0, 0] })
      const broker = await badBroker(pipes, stage, one)
      const connection = new Connection(broker.address, host)
      const asked = connection.request('Metadata', {})
      if (one.code === undefined) {
        expect((await clock.until(asked)).body.clusterId).toBe('right')
        connection.close()
      } else {
        check(one, await clock.until(caught(asked)), broker.name)
        expect(connection.error).toBeInstanceOf(MillraceError)
      }
      // 700 ms is the configured time-out; everything but silence fails before.
      expect(clock.now()).toBeLessThanOrEqual(one.name === 'silence' ? 701 : 100)
      await clock.advance(10)
      expect(pipes.connectionCount()).toBe(0)
      expect(clock.pendingCount).toBe(0)
    }
  })
})

describe('cut at each byte', () => {
  test.each(['handshake', 'request'] as const)(
    'of the right answer at the %s: refused, and nothing half-read',
    async (stage) => {
      let cuts = 0
      for (let bytes = 0; ; bytes++) {
        const { pipes, clock, host } = new IoWorld(options)
        let whole = false
        const one: FrameCase = {
          name: '',
          bytes: (_, right) => {
            whole = bytes >= right.length
            return right.slice(0, bytes)
          },
          closes: true,
          code: 'CONNECTION_LOST',
        }
        const broker = await badBroker(pipes, stage, one)
        const asked = caught(new Connection(broker.address, host).request('Metadata', {})).catch(() => 'answered')
        const result = await clock.until(asked)
        if (whole) break
        check(one, result, broker.name)
        cuts++
      }
      expect(cuts).toBeGreaterThan(20)
    },
  )
})

test('right answers split at every byte of the head, and two in one segment, are read as they are', async () => {
  for (let split = 0; split <= 9; split++) {
    const { pipes, clock, host } = new IoWorld(options)
    const broker = await ScriptedBroker.start(pipes)
    const waiting: Uint8Array[] = []
    broker.on('Metadata', ({ request: { version, correlationId }, connection }) => {
      waiting.push(encodeResponse('Metadata', version, correlationId, { clusterId: String(correlationId) }))
      if (waiting.length < 2) return undefined
      const both = Buffer.concat(waiting)
      connection.write(both.subarray(0, split))
      clock.after(5, () => connection.write(both.subarray(split)))
      return undefined
    })
    const connection = new Connection(broker.address, host)
    const answers = [connection.request('Metadata', {}), connection.request('Metadata', {})]
    expect((await clock.until(Promise.all(answers))).map(({ body }) => body.clusterId)).toEqual(['2', '3'])
  }
})

test('the same answer twice is refused the second time', async () => {
  const { pipes, clock, host } = new IoWorld(options)
  const broker = await ScriptedBroker.start(pipes)
  broker.on('Metadata', ({ request: { version, correlationId } }) => {
    const once = encodeResponse('Metadata', version, correlationId, { clusterId: 'once' })
    return Buffer.concat([once, once])
  })
  const connection = new Connection(broker.address, host)
  expect((await clock.until(connection.request('Metadata', {}))).body.clusterId).toBe('once')
  await clock.advance(10)
  expect(connection.error).toMatchObject({ code: 'UNEXPECTED_RESPONSE', broker: broker.name })
})

describe('over TCP', () => {
  const host: ConnectionHost = { transport: tcp, clock: systemClock, options }

  test.each(['handshake', 'request'] as const)(
    'the whole corpus at the %s fails as it does in memory',
    async (stage) => {
      await Promise.all(
        corpus[stage].map(async (one) => {
          const broker = await badBroker(tcp, stage, one, '127.0.0.1')
          const connection = new Connection(broker.address, host)
          const asked = connection.request('Metadata', {})
          if (one.code === undefined) expect((await asked).body.clusterId).toBe('right')
          else check(one, await caught(asked), broker.name)
          connection.close()
          await broker.close()
        }),
      )
    },
  )

  test('a real HTTP server is called one', async () => {
    const server: Server = createServer((_, response) => response.end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const connection = new Connection({ host: '127.0.0.1', port }, host)
    const error = await caught(connection.request('Metadata', {}))
    expect(error).toMatchObject({ name: 'ProtocolViolation', code: 'NOT_A_KAFKA_BROKER', broker: `127.0.0.1:${port}` })
    expect(String(error)).toContain('answers HTTP')
    server.close()
  })

  test('a port that nobody listens on, a host that does not exist, a port out of range', async () => {
    const probe = createTcpServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const { port } = probe.address() as { port: number }
    await new Promise((resolve) => probe.close(resolve))
    const error = (address: { host: string; port: number }) =>
      caught(new Connection(address, host).request('Metadata', {}))
    expect(await error({ host: '127.0.0.1', port })).toMatchObject({ code: 'CONNECTION_REFUSED' })
    expect(await error({ host: 'no-such-host.invalid', port })).toMatchObject({
      name: expect.stringMatching(/Disconnected|Timeout/),
    })
    expect(await error({ host: '127.0.0.1', port: 70_000 })).toMatchObject({ name: 'Disconnected' })
  })
})
