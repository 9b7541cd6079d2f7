// Kafka's own consumer as a member of a group, in a JVM of its own (test/java/GroupConsumer.java). [test processes]
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { javaArguments } from './kafka-jars.ts'

/** Polls, and commits what it polled, until it is told to leave. */
export class JavaMember {
  /** What it has now. */
  readonly owned = new Set<number>()
  /** Partitions were taken away without a word. */
  lost = false
  readonly #child: ChildProcessWithoutNullStreams
  #errors = ''

  /** `processed` is told of each record, as `partition/offset`. */
  static async join(
    brokers: readonly string[],
    { groupId, topic, config }: { groupId: string; topic: string; config: Record<string, string | number> },
    processed: (key: string) => void,
  ): Promise<JavaMember> {
    const properties = Object.entries(config).map(([name, value]) => `${name}=${value}`)
    const args = [brokers.join(','), groupId, topic, ...properties]
    return new JavaMember(spawn('java', await javaArguments('GroupConsumer.java', args)), processed)
  }

  private constructor(child: ChildProcessWithoutNullStreams, processed: (key: string) => void) {
    this.#child = child
    child.stdin.on('error', () => {})
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk).slice(-4000)
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { record, assigned, revoked, lost } = JSON.parse(line) as Record<string, string | undefined>
      if (record !== undefined) processed(record)
      for (const one of numbers(assigned)) this.owned.add(one)
      for (const one of numbers(revoked ?? lost)) this.owned.delete(one)
      if (lost !== undefined) this.lost = true
    })
  }

  /** Leaves the group; rejects when Java complained. */
  async leave(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin.end()
    const [status] = await closed
    if (status !== 0) throw new Error(`The Java member ended with ${status}: ${this.#errors}`)
  }
}

function numbers(text: string | undefined): number[] {
  return text === undefined || text === '' ? [] : text.split(',').map(Number)
}
