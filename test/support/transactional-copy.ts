// Copies a topic in transactions while the copier, and brokers if there are several, are killed at random: a Java
// reader with read_committed must see each record once. [test processes]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Random } from '../../src/base/random.ts'
import { Kafka } from '../../src/index.ts'

/** What is copied, and how often the copier dies. */
export interface CopyPlan {
  brokers: readonly string[]
  from: string
  to: string
  partitions: number
  records: number
  /** Copiers that are killed before one is let finish. */
  kills: number
  random: Random
  /** What else happens with each death. */
  meanwhile?(): Promise<void>
}

const COPIER = fileURLToPath(new URL('../kafka/copier-child.ts', import.meta.url))
/** So much is copied by one before it may die, at most; less than all of them may copy. */
const LIFE_MS_MAX = 1_500

/** Fills `from`, and copies it; resolves to how many copiers died. Rejects when one ends by itself before the end. */
export async function copyWithKills(plan: CopyPlan): Promise<number> {
  const { brokers, from, partitions, records, kills, random, meanwhile } = plan
  await using kafka = new Kafka({ brokers })
  const values = Array.from({ length: records }, (_, i) => ({ topic: from, partition: i % partitions, value: `${i}` }))
  await kafka.producer({ batchBytes: 4_096 }).sendBatch(values)
  let deaths = 0
  for (;;) {
    const copier = new Copier(plan)
    if (deaths < kills) {
      await copier.progress()
      await new Promise((resolve) => setTimeout(resolve, random.next() * LIFE_MS_MAX))
      if (copier.kill()) deaths++
      await meanwhile?.()
    }
    if ((await copier.ended) === 0) return deaths
  }
}

/** One life. */
class Copier {
  /** The exit code; null when it was killed. Rejects when it failed. */
  readonly ended: Promise<number | null>
  readonly #child
  readonly #progress: Promise<unknown>
  #errors = ''

  constructor({ brokers, from, to, partitions, records }: CopyPlan) {
    const args = ['--disable-warning=ExperimentalWarning', COPIER, brokers.join(','), from, to]
    this.#child = spawn(process.execPath, [...args, `${partitions}`, `${records}`])
    this.#child.stderr.on('data', (chunk) => {
      this.#errors += chunk
    })
    const lines = createInterface({ input: this.#child.stdout })
    this.#progress = Promise.race([once(lines, 'line'), once(this.#child, 'close')])
    this.ended = once(this.#child, 'close').then(([code]) => {
      if (code !== 0 && code !== null) throw new Error(`the copier failed (${code}): ${this.#errors}`)
      return code as number | null
    })
  }

  /** It has copied something, or ended. */
  async progress(): Promise<void> {
    await this.#progress
  }

  /** False: it had ended already. */
  kill(): boolean {
    return this.#child.exitCode === null && this.#child.kill('SIGKILL')
  }
}
