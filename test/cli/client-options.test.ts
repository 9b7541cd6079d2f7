// Options of every kind by -X, the environment and files: each command takes them, and those it uses count.
// [test process]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { millrace } from './millrace.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-options-'))
let broker: Broker
let at: string[]

beforeAll(async () => {
  broker = await Broker.start()
  at = ['--brokers', broker.address]
  broker.createTopic('events', { partitions: 2 })
  broker.createTopic('written', { partitions: 1 })
  await broker.seed('events', ['a', 'b', 'c'])
})
afterAll(async () => {
  await broker.close()
  rmSync(folder, { recursive: true })
})

const X = (...options: string[]) => options.flatMap((option) => ['-X', option])
const consume = ['consume', 'events', '--until', 'end']

it.each([
  ['consume in a group', [...consume, '--group', 'any']],
  ['produce', ['produce', 'written']],
  ['bench consume', ['bench', 'consume', '--topic', 'events']],
  ['demo', ['demo', '--records', '10']],
  ['doctor', ['doctor']],
])('%s takes any option by its Java name', async (_, args) => {
  const options = ['group.protocol=consumer', 'session.timeout.ms=10000', 'auto.offset.reset=earliest', 'linger.ms=0']
  const { code, stderr } = await millrace([...args, ...at, ...X(...options, 'order=key', 'idle.ms=1000')])
  expect([code, stderr.match(/InvalidOption.*/)]).toEqual([0, null])
})

it.each([
  ['consume', consume, 'acks=9', /acks.*-X acks.*9/],
  ['produce', ['produce', 'written'], 'group.protocol=magic', /groupProtocol.*-X group\.protocol.*'magic'/],
  ['demo', ['demo'], 'linger.ms=soon', /lingerMs.*'soon'/],
])('%s checks what it has no use for', async (_, args, option, message) => {
  const { code, stderr } = await millrace([...args, ...at, ...X(option)])
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})

describe('a group', () => {
  it('has the options of -X, the environment and files', async () => {
    const file = join(folder, 'java.properties')
    writeFileSync(file, 'group.instance.id=me\n')
    let asked: unknown
    const unhook = broker.on('ConsumerGroupHeartbeat', (request) => {
      if (request.memberEpoch === 0) asked = request
    })
    const env = { MILLRACE_GROUP_PROTOCOL: 'consumer' }
    const args = [...consume, '--group', 'g1', '--config', file, ...X('auto.offset.reset=latest')]
    const { code, lines } = await millrace([...args, ...at], { env })
    unhook()
    expect({ code, lines }).toEqual({ code: 0, lines: [] })
    expect(asked).toMatchObject({ groupId: 'g1', instanceId: 'me' })
  })

  it('starts where --from says, whatever is set elsewhere', async () => {
    const args = [...consume, '--group', 'g2', '--from', 'earliest', ...X('auto.offset.reset=latest')]
    expect((await millrace([...args, ...at])).lines.sort()).toEqual(['a', 'b', 'c'])
  })

  it('may be named by -X, and ended by it', async () => {
    const { lines } = await millrace(['consume', 'events', ...at, ...X('group.id=g3', 'until=end')])
    expect(lines.sort()).toEqual(['a', 'b', 'c'])
    expect(broker.group('g3')).toBeDefined()
  })

  it('is joined, and committed for, only when this call names it', async () => {
    const env = { MILLRACE_GROUP_ID: 'service', MILLRACE_BROKERS: broker.address }
    const runs = [consume, [...consume, '--workers', '1'], ['demo', '--records', '10', ...at]]
    const codes = await Promise.all(runs.map(async (args) => (await millrace(args, { env })).code))
    expect([codes, broker.group('service')]).toEqual([[0, 0, 0], undefined])
  })
})

it('a producer has them too, below the flags of the command', async () => {
  const acks: number[] = []
  const unhook = broker.on('Produce', (request) => void acks.push(request.acks))
  const env = { MILLRACE_ACKS: '0' }
  await millrace(['produce', 'written', ...at], { env, stdin: 'x' })
  await millrace(['produce', 'written', ...at, '--acks', 'all'], { env, stdin: 'x' })
  const bench = ['bench', 'produce', '--topic', 'written', '--records', '1', ...at]
  await millrace([...bench, ...X('profile=latency')])
  unhook()
  expect(acks).toEqual([0, -1, 1])
})

it('doctor says where they come from', async () => {
  const { lines } = await millrace(['doctor', '--json', ...X('linger.ms=7')], { env: { MILLRACE_GROUP_ID: 'later' } })
  const { options, ignored } = JSON.parse(lines[0]!)
  expect(options).toContainEqual({ name: 'groupId', value: 'later', source: 'environment (MILLRACE_GROUP_ID)' })
  expect(options).toContainEqual({ name: 'lingerMs', value: 7, source: 'argument (-X linger.ms)' })
  expect(ignored).toEqual([])
})
