// Java's client.properties: the format, the names, the credentials. [test process]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sourcesOf } from '../../src/client/option-layer.ts'
import { resolveOptions } from '../../src/client/options.ts'
import { fromProperties, parseProperties, propertiesLayer } from '../../src/client/properties.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-properties-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const file = (text: string) => {
  const path = join(folder, `${files++}.properties`)
  writeFileSync(path, text)
  return path
}
const read = (text: string) => resolveOptions('kafka', fromProperties(file(`bootstrap.servers=a\n${text}`), {}, {}))

describe('the properties format', () => {
  const pairs = (text: string) => parseProperties(text).map(({ key, value }) => [key, value])

  it('knows separators, comments and blank lines', () => {
    expect(pairs('a=1\nb:2\nc 3\n  d \t= 4\n# x=1\n! y=1\n\n\t\ne\nf=\ng==1')).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4'],
      ['e', ''],
      ['f', ''],
      ['g', '=1'],
    ])
  })

  it('joins continued lines and drops their indentation', () => {
    expect(pairs('list=a,\\\n    b,\\\r\n\tc\nnext=1\\\\\nlast=x\\')).toEqual([
      ['list', 'a,b,c'],
      ['next', '1\\'],
      ['last', 'x'],
    ])
  })

  it('does not take a continued line for a comment', () => {
    expect(pairs('a=1\\\n#2')).toEqual([['a', '1#2']])
  })

  it('reads escapes, in keys too', () => {
    expect(pairs('a\\ b\\:c\\=d=\\t\\n\\r\\f\\u00e9\\\\\\x')).toEqual([['a b:c=d', '\t\n\r\f\u00e9\\x']])
  })

  it('counts lines as an editor does', () => {
    expect(parseProperties('# one\na=1\\\n2\nb=3').map(({ line }) => line)).toEqual([2, 4])
  })

  it('names the line of a broken escape', () => {
    expect(() => parseProperties('a=1\nb=\\u12')).toThrow(/Line 2/)
  })
})

describe('client.properties', () => {
  it('sets options by their Java names and remembers file and line', () => {
    const path = file('bootstrap.servers=a:1,b:2\nfetch.max.bytes=1000\nisolation.level=read_uncommitted\n')
    const options = resolveOptions('kafka', fromProperties(path, {}, {}))
    expect(options).toMatchObject({ fetchMaxBytes: 1000, isolationLevel: 'read_uncommitted' })
    expect(options.brokers).toHaveLength(2)
    expect(sourcesOf(options)['fetchMaxBytes']).toEqual({ kind: 'file', at: `${path}:2` })
  })

  it('is overridden by arguments and MILLRACE_ variables, and overrides what programs share', () => {
    const path = file('bootstrap.servers=file\nclient.id=file\nfetch.min.bytes=1\nfetch.max.wait.ms=1\n')
    const env = { MILLRACE_CLIENT_ID: 'env', MILLRACE_FETCH_MIN_BYTES: '2', KAFKA_BROKERS: 'shared' }
    const options = resolveOptions('kafka', fromProperties(path, { clientId: 'argument' }, env))
    expect(options).toMatchObject({ clientId: 'argument', fetchMinBytes: 2, fetchMaxWaitMs: 1 })
    expect(options.brokers[0]!.host).toBe('file')
  })

  it('reads what a cloud provider hands out', () => {
    const layer = propertiesLayer(
      file(`# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=pkc-12345.europe-west1.gcp.confluent.cloud:9092
security.protocol=SASL_SSL
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='KEY' password='se"cr;et';
sasl.mechanism=PLAIN
client.dns.lookup=use_all_dns_ips
session.timeout.ms=45000
acks=all
schema.registry.url=https://psrc-1.confluent.cloud
basic.auth.credentials.source=USER_INFO
`),
    )
    expect(layer.values).toMatchObject({
      tls: true,
      sasl: { mechanism: 'PLAIN', username: 'KEY', password: 'se"cr;et' },
      sessionTimeoutMs: 45_000,
      acks: 'all',
    })
    expect(layer.ignored.map(({ name }) => name)).toEqual([
      'client.dns.lookup',
      'schema.registry.url',
      'basic.auth.credentials.source',
    ])
  })

  it('reads SCRAM with escaped quotes', () => {
    const text = `security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-256
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
  username="me" \\
  password="a\\\\"b";`
    const { sasl, tls } = read(text)
    expect(sasl).toMatchObject({ mechanism: 'SCRAM-SHA-256', username: 'me' })
    expect(typeof sasl?.password === 'object' && sasl.password.reveal()).toBe('a"b')
    expect(tls).toBe(false)
  })

  it('reads PEM files and an empty host-name algorithm', () => {
    const ca = file('CERT')
    const { tls } = read(
      `security.protocol=SSL
ssl.truststore.type=PEM
ssl.truststore.location=${ca}
ssl.endpoint.identification.algorithm=`,
    )
    expect(tls).toMatchObject({ ca: Buffer.from('CERT') })
    const check = tls === false ? undefined : tls.checkServerIdentity
    expect(typeof check).toBe('function')
    expect(check?.('x', {} as never)).toBeUndefined()
  })

  it.each([
    ['fetch.max.byte=1', /:2\): did you mean fetchMaxBytes/],
    ['fetch.max.bytes=many', /fetchMaxBytes.*:2.*'many'/],
    ['security.protocol=TLS', /security.protocol must be/],
    ['security.protocol=SASL_SSL', /needs sasl.jaas.config/],
    ['ssl.truststore.location=/x.jks', /only Java reads/],
    ['ssl.ca.location=/nowhere/ca.pem', /ssl.ca.location: ENOENT/],
    ['sasl.jaas.config=nonsense', /does not start with a login module/],
    ['sasl.jaas.config=a.PlainLoginModule required username="u" password="p"', /ends in a semicolon/],
    ['sasl.mechanism=PLAIN\nsasl.jaas.config=a.ScramLoginModule required username="u" password="p";', /SCRAM-SHA-256/],
  ])('refuses %s', (text, message) => {
    expect(() => read(text)).toThrow(message)
  })

  it('never shows the credentials of a line that it refuses', () => {
    const text = 'sasl.jaas.config=a.PlainLoginModule required username="u" password="hunter2"'
    expect(() => read(text)).not.toThrow(/hunter2/)
    expect(() => read(text)).toThrow()
  })

  it('says which file cannot be read', () => {
    expect(() => fromProperties(join(folder, 'missing'), {}, {})).toThrow(/ENOENT.*missing/)
  })
})
