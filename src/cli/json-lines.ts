// --json of `consume`: one object a line for each record. [main thread]
import { isUtf8 } from 'node:buffer'
import type { RecordWriter } from './record-format.ts'

/**
 * Writes records as JSON objects. Text stays text; bytes that are no UTF-8 come as `keyBase64` and `valueBase64`
 * instead of `key` and `value`, so that nothing is lost. Headers are pairs, because a name may come twice.
 */
export const writeJsonLines: RecordWriter = (batch, count, output) => {
  const { topic, partition } = batch
  for (let i = 0; i < count; i++) {
    const record: Record<string, unknown> = {
      topic,
      partition,
      offset: batch.offsetAt(i),
      timestamp: batch.timestampAt(i),
      ...batch.withKey(i, (key) => part('key', key)),
      ...batch.withValue(i, (value) => part('value', value)),
    }
    const headers = [...batch.headersAt(i)].map(([name, value]) => [name, headerText(value)])
    if (headers.length > 0) record['headers'] = headers
    output.write(Buffer.from(`${JSON.stringify(record)}\n`))
  }
}

function part(name: string, bytes: Buffer | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null }
  // isUtf8 does not take shared memory; the copy is paid in this mode only.
  const own = Buffer.from(bytes)
  return isUtf8(own) ? { [name]: own.toString('utf8') } : { [`${name}Base64`]: own.toString('base64') }
}

function headerText(value: Buffer | null): unknown {
  if (value === null) return null
  return isUtf8(value) ? value.toString('utf8') : { base64: value.toString('base64') }
}
