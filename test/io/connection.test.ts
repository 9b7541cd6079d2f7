// One connection to a scripted broker under a virtual clock.
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/base/errors.ts'
import type { BodySink } from '../../src/io/body-sink.ts'
import { Connection, type ConnectionEvents } from '../../src/io/connection.ts'
import { maybeSent } from '../../src/io/connection-loss.ts'
import type { IoOptions } from '../../src/io/io-options.ts'
import { decodeResponse, encodeRequest, encodeResponse } from '../../src/protocol/frame.ts'
import type { PipeFaults } from '../../src/wiring/pipes.ts'
import { caught, IoWorld } from '../support/io-world.ts'
import { ScriptedBroker } from '../support/scripted-broker.ts'

async function open(options: Partial<IoOptions> = {}, faults: Partial<PipeFaults> = {}) {
  const world = new IoWorld(options, faults)
  const broker = await ScriptedBroker.start(world.pipes)
  broker.on('Metadata', () => ({ brokers: [{ nodeId: 1, host: 'b', port: 9092 }], clusterId: 'c' }))
  const connect = (events?: ConnectionEvents) => new Connection(broker.address, world.host, events)
  return { ...world, world, clock: world.clock, broker, connect }
}

/** Keeps what a sink is told. */
class Recorder implements BodySink {
  bytes = Buffer.alloc(0)
  ends: (MillraceError | undefined)[] = []
  begun: number[] = []
  room = true
  #filled = 0
  begin(sizeBytes: number): boolean {
    this.begun.push(sizeBytes)
    if (this.room) this.bytes = Buffer.alloc(sizeBytes)
    return this.room
  }
  buffer(): Uint8Array {
    return this.bytes.subarray(this.#filled, this.#filled + 16)
  }
  received(count: number): void {
    expect(this.ends).toEqual([])
    this.#filled += count
  }
  end(error: MillraceError | undefined): void {
    this.ends.push(error)
  }
}

describe('negotiation', () => {
  test('the highest version both know is used, and the client names its software', async () => {
    const { clock, broker, connect } = await open()
    broker.versions.set('Metadata', [0, 9])
    const { body, version } = await clock.until(connect().request('Metadata', { topics: [] }))
    expect(version).toBe(9)
    expect(body.brokers).toMatchObject([{ nodeId: 1, host: 'b', port: 9092 }])
    expect(broker.asked('ApiVersions')).toMatchObject([{ version: 4, body: { clientSoftwareName: 'millrace' } }])
    expect(broker.requests[0]).toMatchObject({ clientId: 'millrace', correlationId: 1 })
  })

  test.each([0, 1, 2, 3])('a broker that knows ApiVersions up to v%i and says so is asked in that', async (highest) => {
    const { clock, broker, connect } = await open()
    broker.versions.set('ApiVersions', [0, highest])
    broker.on('ApiVersions', ({ request: { version, correlationId } }) => {
      if (version <= highest) return broker.versionsAnswer()
      return encodeResponse('ApiVersions', 0, correlationId, { ...broker.versionsAnswer(), errorCode: 35 })
    })
    await clock.until(connect().request('Metadata', {}))
    expect(broker.asked('ApiVersions').map(({ version }) => version)).toEqual([4, highest])
  })

  test('a broker before 2.4, which refuses without saying what it knows, is asked in v0', async () => {
    const { clock, broker, connect } = await open()
    broker.on('ApiVersions', ({ request: { version, correlationId } }) =>
      version === 0 ? broker.versionsAnswer() : encodeResponse('ApiVersions', 0, correlationId, { errorCode: 35 }),
    )
    await clock.until(connect().request('Metadata', {}))
    expect(broker.asked('ApiVersions').map(({ version }) => version)).toEqual([4, 0])
  })

  test('a broker that refuses every version is given up, after finitely many tries', async () => {
    const { world, broker, connect } = await open()
    broker.on('ApiVersions', ({ request: { correlationId } }) =>
      encodeResponse('ApiVersions', 0, correlationId, {
        errorCode: 35,
        apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 99 }],
      }),
    )
    const error = await world.failure(connect().request('Metadata', {}))
    expect(error).toMatchObject({ name: 'UnsupportedVersion', broker: broker.name })
    expect(broker.asked('ApiVersions').length).toBe(5)
  })

  test('no common version names the API and both ranges; the connection lives on', async () => {
    const { world, clock, broker, connect } = await open()
    broker.versions.set('Fetch', [0, 3])
    broker.versions.delete('Produce')
    const connection = connect()
    const error = await world.failure(connection.request('Fetch', {}))
    expect(error).toMatchObject({ name: 'UnsupportedVersion', code: 'UNSUPPORTED_VERSION' })
    expect(String(error)).toMatch(/offers Fetch in versions 0 to 3, millrace needs versions 4 to/)
    expect(String(await world.failure(connection.request('Produce', {})))).toContain('does not offer Produce')
    expect(String(await world.failure(connection.request('Metadata', {}, { minVersion: 14 })))).toContain('Metadata')
    await clock.until(connection.request('Metadata', {}, { maxVersion: 5 }))
    expect(broker.asked('Metadata').map(({ version }) => version)).toEqual([5])
  })

  test('authentication comes after the negotiation and before every request', async () => {
    const { world, clock, broker, connect } = await open()
    broker.on('SaslHandshake', () => ({ mechanisms: ['PLAIN'] }))
    world.host.authenticate = async (handshake) => {
      await handshake.request('SaslHandshake', { mechanism: 'PLAIN' })
    }
    await clock.until(connect().request('Metadata', {}))
    expect(broker.requests.map(({ api }) => api)).toEqual(['ApiVersions', 'SaslHandshake', 'Metadata'])
  })

  test('a refused authentication is the error of every request that waited', async () => {
    const { world, clock, connect } = await open()
    world.host.authenticate = () => Promise.reject(new MillraceError('SASL_AUTHENTICATION_FAILED', 'wrong password'))
    const connection = connect()
    const errors = [1, 2].map(() => caught(connection.request('Metadata', {})))
    for (const error of await clock.until(Promise.all(errors))) {
      expect(error).toMatchObject({ code: 'SASL_AUTHENTICATION_FAILED' })
      expect(String(error)).toContain('wrong password')
    }
  })
})

describe('pipelining', () => {
  test('no more than maxInFlight requests are under way; all are answered in order', async () => {
    const { clock, broker, connect } = await open({ maxInFlight: 3 })
    let most = 0
    const connection = connect()
    broker.on('Metadata', async () => {
      most = Math.max(most, connection.inFlightCount)
      return { clusterId: String(broker.asked('Metadata').length) }
    })
    const answers = Array.from({ length: 20 }, () => connection.request('Metadata', {}))
    const ids = (await clock.until(Promise.all(answers))).map(({ body }) => body.clusterId)
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 1)))
    expect(most).toBe(3)
  })

  test.each([2 ** 31 - 5, -5])('correlation ids go on past the end of an int32 (from %i)', async (first) => {
    const { world, clock, broker, connect } = await open({ maxInFlight: 100 })
    world.host.firstCorrelationId = first
    const connection = connect()
    await clock.until(Promise.all(Array.from({ length: 20 }, () => connection.request('Metadata', {}))))
    const ids = broker.requests.map(({ correlationId }) => correlationId)
    expect(ids).toEqual(Array.from({ length: 21 }, (_, i) => (first + i) | 0))
  })

  test('one-byte slices change nothing', async () => {
    const { clock, connect } = await open({}, { sliceBytes: 1, latencyMs: [0, 0] })
    const { body } = await clock.until(connect().request('Metadata', {}))
    expect(body.clusterId).toBe('c')
  })

  test('a request aborted in the queue is not sent; one aborted under way leaves the others alone', async () => {
    const { clock, broker, connect } = await open({ maxInFlight: 1 })
    const connection = connect()
    await clock.until(connection.request('Metadata', {}))
    const [first, second] = [new AbortController(), new AbortController()]
    const requests = [
      caught(connection.request('Metadata', {}, { signal: first.signal })),
      caught(connection.request('Metadata', {}, { signal: second.signal })),
    ]
    const third = connection.request('Metadata', {})
    first.abort()
    second.abort()
    for (const error of await Promise.all(requests)) expect(error).toMatchObject({ name: 'Closed', code: 'ABORTED' })
    expect((await clock.until(third)).body.clusterId).toBe('c')
    expect(broker.asked('Metadata').length).toBe(3)
  })
})

describe('time-outs and losses', () => {
  test('an unanswered request times out with its connection, and each request says whether it was sent', async () => {
    const { world, clock, broker, connect } = await open({ maxInFlight: 2 })
    broker.on('Metadata', () => undefined)
    const closed: MillraceError[] = []
    const connection = connect({ closed: (error) => closed.push(error) })
    const all = Promise.all([1, 2, 3].map(() => caught(connection.request('Metadata', {}))))
    const [first, second, third] = await clock.until(all)
    expect(first).toMatchObject({ name: 'Timeout', code: 'REQUEST_TIMEOUT', retriable: true })
    expect(second).toMatchObject({ name: 'Disconnected', code: 'CONNECTION_LOST', retriable: true })
    expect(third).toMatchObject({ name: 'Disconnected', code: 'NOT_SENT', retriable: true })
    expect([first, second, third].map((error) => maybeSent(error as MillraceError))).toEqual([true, true, false])
    expect(clock.now()).toBeGreaterThanOrEqual(30_000)
    expect(clock.now()).toBeLessThan(30_100)
    expect(closed).toMatchObject([{ code: 'REQUEST_TIMEOUT' }])
    expect(await world.failure(connection.request('Metadata', {}))).toMatchObject({ code: 'REQUEST_TIMEOUT' })
  })

  test('an answer that comes after its time-out disturbs nothing', async () => {
    const { world, clock, broker, connect } = await open({ requestTimeoutMs: 1_000 })
    broker.on('Metadata', async () => {
      await new Promise<void>((resolve) => clock.after(2_000, resolve))
      return { clusterId: 'late' }
    })
    const connection = connect()
    expect(await world.failure(connection.request('Metadata', {}))).toMatchObject({ code: 'REQUEST_TIMEOUT' })
    await clock.advance(10_000)
    expect(world.pipes.connectionCount()).toBe(0)
  })

  test.each([
    ['unanswered', 'did not accept'],
    ['silent', 'did not accept'],
  ] as const)('a connection attempt to an %s address ends at connectTimeoutMs', async (outage, text) => {
    const { world, clock, broker, connect } = await open({ connectTimeoutMs: 700 })
    world.pipes.setOutage(broker.address, outage)
    const error = await world.failure(connect().request('Metadata', {}))
    expect(error).toMatchObject({ name: 'Timeout', code: 'CONNECT_TIMEOUT', broker: broker.name })
    expect(clock.now()).toBeCloseTo(700, 5)
    if (outage === 'unanswered') expect(String(error)).toContain(text)
  })

  test('a broker that accepts and then says nothing ends at connectTimeoutMs, and the error says so', async () => {
    const { world, broker, connect } = await open({ connectTimeoutMs: 700 })
    broker.on('ApiVersions', () => undefined)
    const error = await world.failure(connect().request('Metadata', {}))
    expect(error).toMatchObject({ name: 'Timeout', code: 'CONNECT_TIMEOUT' })
    expect(String(error)).toContain('accepted the connection but did not answer')
  })

  test('a refused connection names the broker and the reason', async () => {
    const { world, broker, connect } = await open()
    world.pipes.setOutage(broker.address, 'refused')
    const error = await world.failure(connect().request('Metadata', {}))
    expect(error).toMatchObject({ name: 'Disconnected', code: 'CONNECTION_REFUSED', broker: broker.name })
    expect(String(error)).toContain('nothing listens there')
  })

  test('an idle connection is closed, a used one is not', async () => {
    const { clock, connect } = await open({ connectionsMaxIdleMs: 60_000 })
    const connection = connect()
    for (let i = 0; i < 5; i++) {
      await clock.until(connection.request('Metadata', {}))
      await clock.advance(50_000)
      expect(connection.ready).toBe(true)
    }
    await clock.advance(70_000)
    expect(connection.error).toMatchObject({ code: 'IDLE' })
  })

  test('close fails everything at once with Closed', async () => {
    const { world, clock, broker, connect } = await open({ maxInFlight: 1 })
    broker.on('Metadata', () => undefined)
    const connection = connect()
    const requests = [1, 2].map(() => caught(connection.request('Metadata', {})))
    await clock.advance(100)
    const atMs = clock.now()
    connection.close()
    for (const error of await Promise.all(requests)) expect(error).toMatchObject({ name: 'Closed' })
    expect(clock.now()).toBeLessThan(atMs + 1)
    await clock.advance(1)
    expect(world.pipes.connectionCount()).toBe(0)
    expect(clock.pendingCount).toBe(0)
  })
})

describe('throttling', () => {
  test('throttleTimeMs mutes the connection for that long', async () => {
    const { world, clock, broker, connect } = await open()
    broker.on('Metadata', () => ({ throttleTimeMs: 5_000 }))
    const connection = connect()
    await clock.until(connection.request('Metadata', {}))
    const atMs = clock.now()
    await clock.until(connection.request('Metadata', {}))
    expect(clock.now() - atMs).toBeGreaterThanOrEqual(5_000)
    expect(clock.now() - atMs).toBeLessThan(5_010)
    expect(world.events[0]).toMatchObject({ type: 'throttled', askedMs: 5_000, appliedMs: 5_000, error: undefined })
  })

  test('a throttle beyond throttleMaxMs is cut to it, and reported as QuotaExceeded', async () => {
    const { world, clock, broker, connect } = await open()
    let asked = 0
    broker.on('Metadata', () => ({ throttleTimeMs: asked++ === 0 ? 2 ** 31 - 1 : 0 }))
    const connection = connect()
    await clock.until(connection.request('Metadata', {}))
    const atMs = clock.now()
    await clock.until(connection.request('Metadata', {}))
    expect(clock.now() - atMs).toBeGreaterThanOrEqual(30_000)
    expect(clock.now() - atMs).toBeLessThan(30_010)
    expect(world.events).toMatchObject([{ type: 'throttled', appliedMs: 30_000, error: { name: 'QuotaExceeded' } }])
  })
})

describe('answers into a sink', () => {
  async function ready(options: Partial<IoOptions> = {}, faults: Partial<PipeFaults> = {}) {
    const opened = await open(options, faults)
    const connection = opened.connect()
    await opened.clock.until(connection.request('Metadata', {}))
    return { ...opened, connection }
  }

  test('the body goes where the sink says, complete and ended once', async () => {
    const { clock, connection } = await ready()
    const sink = new Recorder()
    const version = connection.send('Metadata', {}, sink)
    await clock.advance(100)
    expect(sink.ends).toEqual([undefined])
    const withId = Buffer.concat([Buffer.alloc(4), sink.bytes])
    expect(decodeResponse('Metadata', version, withId).clusterId).toBe('c')
  })

  test('a sink without room stops reading, loses nothing, and the wait does not time out', async () => {
    const { clock, connection } = await ready({ requestTimeoutMs: 1_000 })
    const sink = new Recorder()
    sink.room = false
    connection.send('Metadata', {}, sink)
    const after = connection.request('Metadata', {}, { timeoutMs: 100_000 })
    await clock.advance(20_000)
    expect(sink.begun.length).toBe(1)
    connection.resumeBody()
    expect(sink.begun.length).toBe(2)
    sink.room = true
    connection.resumeBody()
    expect((await clock.until(after)).body.clusterId).toBe('c')
    expect(sink.ends).toEqual([undefined])
  })

  test('a sink that refuses a size closes the connection and gets its own error', async () => {
    const { clock, connection } = await ready()
    const sink = new Recorder()
    sink.begin = () => {
      throw new MillraceError('NO_ROOM_EVER', 'too large for the ring')
    }
    connection.send('Metadata', {}, sink)
    await clock.advance(100)
    expect(sink.ends).toMatchObject([{ code: 'NO_ROOM_EVER' }])
    expect(connection.error).toMatchObject({ code: 'NO_ROOM_EVER' })
  })

  test('pieces that are encoded already go out with the next correlation id', async () => {
    const { clock, broker, connection } = await ready()
    const sink = new Recorder()
    const bytes = encodeRequest('Metadata', 9, { correlationId: -1, clientId: 'x' }, { topics: [{ name: 'events' }] })
    let sent = 0
    const pieces = [bytes.subarray(0, 20), bytes.subarray(20)]
    connection.send('Metadata', { version: 9, pieces }, sink, { sent: () => sent++ })
    await clock.advance(100)
    expect([sink.ends, sent]).toEqual([[undefined], 1])
    expect(broker.asked('Metadata')[1]).toMatchObject({ correlationId: 3, clientId: 'x', version: 9 })
  })

  test('a sink is not ended by close while the transport may still write into it', async () => {
    const { world, clock, broker, connection } = await ready()
    broker.on('Metadata', () => Uint8Array.of(0, 0, 0, 50, 0, 0, 0, 3, 1, 2, 3))
    const sink = new Recorder()
    connection.send('Metadata', {}, sink)
    await clock.advance(10)
    connection.close()
    expect(sink.ends).toEqual([])
    await clock.advance(1)
    expect(sink.ends).toMatchObject([{ name: 'Closed' }])
    expect(world.pipes.connectionCount()).toBe(0)
  })

  test.each([0, 5, 20])(
    'a sink aborted with %i bytes of its body there gets no more of them; the connection goes on',
    async (first) => {
      const { clock, broker, connection } = await ready()
      const body = Buffer.alloc(40, 7)
      const head = Buffer.from([0, 0, 0, 44, 0, 0, 0, 3])
      broker.on('Metadata', ({ connection: to }) => {
        if (broker.asked('Metadata').length !== 2) return { clusterId: 'next' }
        to.write(Buffer.concat([head, body.subarray(0, first)]))
        clock.after(1_000, () => to.write(body.subarray(first)))
        return undefined
      })
      const sink = new Recorder()
      const abort = new AbortController()
      connection.send('Metadata', {}, sink, { signal: abort.signal })
      await clock.advance(500)
      abort.abort()
      await clock.advance(1_000)
      expect(sink.ends).toMatchObject([{ code: 'ABORTED' }])
      expect((await clock.until(connection.request('Metadata', {}))).body.clusterId).toBe('next')
    },
  )

  test('a sink aborted while it has no room frees the connection for the others', async () => {
    const { clock, connection } = await ready()
    const sink = new Recorder()
    sink.room = false
    const abort = new AbortController()
    connection.send('Metadata', {}, sink, { signal: abort.signal })
    await clock.advance(500)
    const after = connection.request('Metadata', {})
    abort.abort()
    expect((await clock.until(after)).body.clusterId).toBe('c')
    expect(sink.ends).toMatchObject([{ code: 'ABORTED' }])
  })

  test('a request without an answer ends when its bytes are gone', async () => {
    const { clock, broker, connection } = await ready()
    broker.on('Produce', () => undefined)
    const sink = new Recorder()
    connection.send('Produce', { acks: 0 }, sink, { unanswered: true })
    await clock.until(connection.request('Metadata', {}))
    expect(sink.ends).toEqual([undefined])
    expect(broker.asked('Produce').length).toBe(1)
    await clock.advance(100_000)
    expect(connection.ready).toBe(true)
  })

  test('an answer to a request that has none closes the connection', async () => {
    const { clock, broker, connection } = await ready()
    broker.on('Produce', () => ({}))
    connection.send('Produce', { acks: 0 }, new Recorder(), { unanswered: true })
    await clock.advance(10)
    expect(connection.error).toMatchObject({ name: 'ProtocolViolation', code: 'UNEXPECTED_RESPONSE' })
  })

  test('a long body that makes progress outlives the request time-out, one that stops does not', async () => {
    const size = 400_000
    for (const stuck of [false, true]) {
      const { clock, broker, connection } = await ready({ requestTimeoutMs: 1_000 })
      broker.on('Metadata', ({ connection: to }) => {
        const head = Buffer.alloc(8)
        head.writeInt32BE(4 + size, 0)
        head.writeInt32BE(3, 4)
        to.write(head)
        for (let i = 0; i < (stuck ? 1 : 4); i++) {
          clock.after(800 * i, () => to.write(Buffer.alloc(size / 4)))
        }
        return undefined
      })
      const sink = new Recorder()
      sink.buffer = () => new Uint8Array(1_000_000)
      connection.send('Metadata', {}, sink)
      await clock.advance(10_000)
      expect(sink.ends.map((error) => error?.code)).toEqual([stuck ? 'REQUEST_TIMEOUT' : undefined])
    }
  })
})

test('pieces are given back also when they were never written, before the end is told', async () => {
  const { world, clock, broker, connect } = await open({ maxInFlight: 1 })
  broker.on('Fetch', () => undefined)
  const connection = connect()
  await clock.until(connection.request('Metadata', {}))
  const told: string[] = []
  const send = (name: string, signal?: AbortSignal) => {
    const sink = new Recorder()
    sink.end = (error) => void told.push(`${name} ended: ${error?.code}`)
    connection.send('Fetch', {}, sink, { sent: () => void told.push(`${name} sent`), signal })
  }
  const abort = new AbortController()
  send('written')
  send('aborted', abort.signal)
  send('waiting')
  await clock.advance(100)
  abort.abort()
  connection.close()
  await clock.advance(1)
  expect(told).toEqual([
    'written sent',
    'aborted sent',
    'aborted ended: ABORTED',
    'written ended: CLOSED',
    'waiting sent',
    'waiting ended: CLOSED',
  ])
  expect(world.pipes.connectionCount()).toBe(0)
})

test('one signal may bound any number of requests without a warning', async () => {
  const warnings: Error[] = []
  const warned = (warning: Error) => warnings.push(warning)
  process.on('warning', warned)
  const { clock, connect } = await open()
  const connection = connect()
  const { signal } = new AbortController()
  await clock.until(Promise.all(Array.from({ length: 100 }, () => connection.request('Metadata', {}, { signal }))))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warned)
  expect(warnings).toEqual([])
})

test.each([1, 16, 1_000])(
  'a sink that closes the connection while it takes %i bytes at a time is ended once',
  async (size) => {
    const { world, clock, connect } = await open()
    const connection = connect()
    await clock.until(connection.request('Metadata', {}))
    const sink = new Recorder()
    let room = new Uint8Array(0)
    sink.buffer = () => {
      expect(sink.ends).toEqual([])
      room = new Uint8Array(size)
      return room
    }
    sink.received = () => connection.close(new MillraceError('NONSENSE', 'nonsense'))
    connection.send('Metadata', {}, sink)
    await clock.advance(100)
    expect(sink.ends).toMatchObject([{ code: 'CONNECTION_LOST', cause: { code: 'NONSENSE' } }])
    expect(connection.error).toMatchObject({ code: 'NONSENSE' })
    expect(world.pipes.connectionCount()).toBe(0)
  },
)
