// Options out of environment variables, MILLRACE_URL and MILLRACE_API_KEY among them. [test process]
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { environmentLayer, fromEnvironment } from '../../src/client/environment.ts'
import { sourcesOf } from '../../src/client/option-layer.ts'
import { explainOptions, resolveOptions } from '../../src/client/options.ts'

const read = (env: Record<string, string>) => resolveOptions('kafka', fromEnvironment(env))

describe('the environment', () => {
  it.each(['MILLRACE_BROKERS', 'MILLRACE_BOOTSTRAP_SERVERS', 'KAFKA_BROKERS', 'KAFKA_BOOTSTRAP_SERVERS'])(
    'names brokers by %s',
    (name) => {
      const options = read({ [name]: 'a:1,b:2' })
      expect(options.brokers.map(({ host }) => host)).toEqual(['a', 'b'])
      expect(sourcesOf(options)['brokers']).toEqual({ kind: 'environment', at: name })
    },
  )

  it('prefers what was meant for millrace', () => {
    const all = { KAFKA_BOOTSTRAP_SERVERS: 'd', KAFKA_BROKERS: 'c', MILLRACE_URL: 'kafka://b', MILLRACE_BROKERS: 'a' }
    const chosen: string[] = []
    for (const name of ['MILLRACE_BROKERS', 'MILLRACE_URL', 'KAFKA_BROKERS', 'KAFKA_BOOTSTRAP_SERVERS'] as const) {
      chosen.push(read(all).brokers[0]!.host)
      delete (all as Record<string, string>)[name]
    }
    expect(chosen).toEqual(['a', 'b', 'c', 'd'])
  })

  it('sets any option, with units', () => {
    const options = read({
      MILLRACE_BROKERS: 'a',
      MILLRACE_FETCH_MAX_BYTES: '12345',
      MILLRACE_BUFFER_BYTES: '32MiB',
      MILLRACE_REQUEST_TIMEOUT_MS: '5s',
      MILLRACE_CHECK_CRCS: 'false',
      MILLRACE_ISOLATION_LEVEL: 'READ_UNCOMMITTED',
      MILLRACE_METADATA_MAX_IDLE_MS: 'Infinity',
      MILLRACE_THREADS: 'inline',
      MILLRACE_PROFILE: 'latency',
      MILLRACE_CLIENT_RACK: '',
    })
    expect(options).toMatchObject({
      fetchMaxBytes: 12345,
      bufferBytes: 32 * 1024 * 1024,
      requestTimeoutMs: 5000,
      checkCrcs: false,
      isolationLevel: 'read_uncommitted',
      metadataMaxIdleMs: Infinity,
      threads: 'inline',
      fetchMaxWaitMs: 10,
      clientRack: undefined,
    })
  })

  it.each([
    ['12 apples', /MILLRACE_FETCH_MAX_BYTES.*'12 apples'/],
    ['-1', /MILLRACE_FETCH_MAX_BYTES.*from 1/],
  ])('names the variable whose value is wrong: %s', (text, message) => {
    expect(() => read({ MILLRACE_BROKERS: 'a', MILLRACE_FETCH_MAX_BYTES: text })).toThrow(message)
  })

  it('takes a slip for an error and leaves what others put there alone', () => {
    expect(() => fromEnvironment({ MILLRACE_BROKER: 'a' })).toThrow(/MILLRACE_BROKER\): did you mean brokers\?/)
    const layer = environmentLayer({ MILLRACE_SCRATCH_VOLUME: 'x' })
    expect(layer.ignored.map(({ at, why }) => [at, why])).toEqual([
      ['MILLRACE_SCRATCH_VOLUME', 'no option has this name'],
    ])
  })

  it('does not offer what only code can set', () => {
    expect(() => fromEnvironment({ MILLRACE_LOGGER: 'x' })).toThrow(/only be set in code/)
    expect(() => fromEnvironment({ MILLRACE_SASL: 'x' })).toThrow(/sasl.username/)
  })
})

describe('MILLRACE_URL', () => {
  it('carries hosts and options by either name', () => {
    const url = 'kafka://a:1,[::1]:2/?fetch.max.bytes=5MiB&clientId=me'
    expect(read({ MILLRACE_URL: url })).toMatchObject({
      brokers: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
      ],
      fetchMaxBytes: 5 * 1024 * 1024,
      clientId: 'me',
      tls: false,
      sasl: undefined,
    })
  })

  it('carries user, password and TLS', () => {
    const { sasl, tls } = read({ MILLRACE_URL: 'kafkas://m%40e:p%3Ass:w@a,b?sasl.mechanism=scram-sha-512' })
    expect(sasl).toMatchObject({ mechanism: 'SCRAM-SHA-512', username: 'm@e' })
    expect(typeof sasl?.password === 'object' && sasl.password.reveal()).toBe('p:ss:w')
    expect(tls).toEqual({})
  })

  it('gives way to a variable of its own', () => {
    const env = { MILLRACE_URL: 'kafka://a?clientId=url&fetchMinBytes=2', MILLRACE_CLIENT_ID: 'variable' }
    expect(read(env)).toMatchObject({ clientId: 'variable', fetchMinBytes: 2 })
  })

  it.each(['http://a', 'kafka://', 'a:9092', 'kafka://u@h', 'kafka://u:%zz@h', 'kafka://h?bogus=1'])(
    'is refused without showing what may be secret: %s',
    (url) => {
      expect(() => fromEnvironment({ MILLRACE_URL: url })).toThrow(/MILLRACE_URL/)
    },
  )
})

describe('MILLRACE_API_KEY', () => {
  it('is PLAIN over TLS', () => {
    const options = read({ MILLRACE_BROKERS: 'a', MILLRACE_API_KEY: 'key:se:cret' })
    expect(options.sasl).toMatchObject({ mechanism: 'PLAIN', username: 'key' })
    expect(typeof options.sasl?.password === 'object' && options.sasl.password.reveal()).toBe('se:cret')
    expect(options.tls).toEqual({})
  })

  it('is not shown, neither in a refusal nor in an explanation', () => {
    expect(() => fromEnvironment({ MILLRACE_API_KEY: 'hunter2' })).toThrow(/key:secret/)
    expect(() => fromEnvironment({ MILLRACE_API_KEY: 'hunter2' })).not.toThrow(/hunter2/)
    const explained = explainOptions(fromEnvironment({ MILLRACE_API_KEY: 'key:hunter2' }))
    expect(inspect(explained, { depth: 9 })).not.toContain('hunter2')
    expect(explained.find(({ name }) => name === 'sasl')?.source).toBe('environment (MILLRACE_API_KEY)')
  })
})
