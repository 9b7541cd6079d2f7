// Option names, defaults and the properties format beside Java's own. [test process]
import { expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { optionTable } from '../../src/client/option-table.ts'
import { parseProperties } from '../../src/client/properties.ts'
import { javaDescribe } from '../support/kafka-describe.ts'
import { runJava } from '../support/kafka-jars.ts'
import { seed } from '../support/seed.ts'

/** Ours differ on purpose; docs and rulings say why. */
const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  'client.id': 'brokers should be able to tell who it is',
  'isolation.level': 'aborted records are no records',
  'allow.auto.create.topics': 'no topic by accident',
  'batch.size': 'larger batches, for throughput',
  'partition.assignment.strategy': 'cooperative alone; with range beside it the group must run eager',
  retries: 'Infinity is written out; Java says 2147483647',
  'metadata.max.idle.ms': 'same value, given as a producer option only',
}

javaDescribe('beside Java', () => {
  it('every Java name in the table is one of Java, and every default is the same or listed', async () => {
    const { stdout, stderr, status } = await runJava('JavaOptions.java', ['defaults'])
    expect(status, stderr).toBe(0)
    const java = new Map<string, string>()
    for (const line of stdout.toString().trim().split('\n')) {
      const [client, name, value] = line.split('\t') as [string, string, string]
      if (client === 'consumer' || !java.has(name)) java.set(name, value)
    }
    const wrong: string[] = []
    for (const { name, javaName, default: ours } of optionTable.values()) {
      if (javaName === undefined) continue
      const theirs = java.get(javaName)
      if (theirs === undefined) wrong.push(`${name}: Java has no ${javaName}`)
      else if (ours !== undefined && String(ours) !== theirs && !(javaName in OTHER_DEFAULTS)) {
        wrong.push(`${name} is ${ours}, ${javaName} is ${theirs}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('properties files are read as java.util.Properties reads them', async () => {
    const files = Array.from({ length: 3000 }, (_, index) => randomFile(seed + index))
    const input = files.map((text) => Buffer.from(text).toString('base64')).join('\n')
    const { stdout, stderr, status } = await runJava('JavaOptions.java', ['properties'], { stdin: input })
    expect(status, stderr).toBe(0)
    const answers = stdout.toString().replace(/\n$/, '').split('\n')
    expect(answers).toHaveLength(files.length)
    for (const [index, text] of files.entries()) {
      expect(asJavaPrints(text), `seed ${seed + index}: ${JSON.stringify(text)}`).toBe(answers[index])
    }
  })
})

/** Made of the pieces that matter to the format. A backslash at the very end, of which Java makes an entry, is not. */
function randomFile(seed: number): string {
  const random = seededRandom(seed)
  const pieces = ['a', 'b.c', ' ', '\t', '\f', '=', ':', '#', '!', '\\', '\\\\', '\n', '\r\n', '\r', '\\\n', '\\\r\n  ']
  pieces.push('\\u0041', '\\n', '\\t', '\\:', '\\ ', 'é', '\\é', '\\u00e9', '=x', '\nkey=', '\n\n')
  if (random.next() < 0.1) pieces.push('\\u12', '\\uzzzz')
  const length = 1 + Math.floor(random.next() * 25)
  return `k${Array.from({ length }, () => pieces[Math.floor(random.next() * pieces.length)]).join('')}\nend`
}

function asJavaPrints(text: string): string {
  try {
    const entries = new Map(parseProperties(text).map(({ key, value }) => [key, value]))
    const base64 = (part: string) => Buffer.from(part).toString('base64')
    const keys = [...entries.keys()].sort()
    return keys.map((key) => `${base64(key)}=${base64(entries.get(key)!)}`).join(' ')
  } catch {
    return 'refused'
  }
}
