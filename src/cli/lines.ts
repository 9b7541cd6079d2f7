// A stream of bytes as lines, many at a time, without their line ends. [main thread]
import type { Readable } from 'node:stream'
import { MessageTooLarge } from '../base/errors.ts'

const LINE_END = 10

/**
 * The lines of each piece that arrives; the last one counts also without a line end. The signal ends it where it is. A
 * line longer than `maxBytes` is an error, told before the rest of it is read.
 */
export async function* lines(input: Readable, maxBytes: number, signal: AbortSignal): AsyncGenerator<Buffer[]> {
  const stop = () => input.destroy()
  signal.addEventListener('abort', stop, { once: true })
  let count = 0
  let begun: Buffer[] = []
  let begunBytes = 0
  const add = (piece: Buffer) => {
    begun.push(piece)
    begunBytes += piece.length
    if (begunBytes <= maxBytes) return
    const limits = 'max.request.size, and max.message.bytes of the topic'
    const text = `Line ${count + 1} has more than ${maxBytes} bytes: raise ${limits}.`
    throw new MessageTooLarge('MESSAGE_TOO_LARGE', text)
  }
  const take = () => {
    const line = begun.length === 1 ? begun[0]! : Buffer.concat(begun)
    begun = []
    begunBytes = 0
    count++
    return line
  }
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      const whole: Buffer[] = []
      let from = 0
      for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, from)) {
        add(chunk.subarray(from, at))
        whole.push(take())
        from = at + 1
      }
      if (from < chunk.length) add(chunk.subarray(from))
      if (whole.length > 0) yield whole
    }
    if (begun.length > 0) yield [take()]
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
