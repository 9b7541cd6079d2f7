// Appends to a topic of a simulation at random moments, and knows which records a reader must see. [test]
import { encodeBatch } from '../../src/record/encode.ts'
import type { Simulation } from '../../src/wiring/simulated.ts'

/** How is written. */
export interface WriterSettings {
  topic: string
  partitions: number
  /** The mean pause between two appends. */
  everyMs: number
  /** For how long. */
  forMs: number
}

/** Plain batches of all sizes, and transactions that stay open for a while and then commit or abort. */
export class SimulatedWriter {
  /** Nothing more is appended, and no transaction is open. */
  over = false
  readonly #world: Simulation
  readonly #settings: WriterSettings
  readonly #endMs: number
  /** By partition and offset: whether a reader of committed records sees it. */
  readonly #visible: boolean[][]
  #ended = false
  #openCount = 0
  /** By partition, producers without an open transaction: the same one commits, aborts, and commits again. */
  readonly #idleProducers: bigint[][]
  #nextProducerId = 1n

  constructor(world: Simulation, settings: WriterSettings) {
    this.#world = world
    this.#settings = settings
    this.#endMs = world.clock.now() + settings.forMs
    this.#visible = Array.from({ length: settings.partitions }, () => [])
    this.#idleProducers = Array.from({ length: settings.partitions }, () => [])
    world.clock.after(0, () => this.#append())
  }

  /** The first offset from `from` on that is to be seen, as known now; undefined when there is none yet. */
  nextVisible(partition: number, from: number): number | undefined {
    const at = this.#visible[partition]!.indexOf(true, from)
    return at < 0 ? undefined : at
  }

  /** How many records are to be seen, as known now. */
  get visibleCount(): number {
    return this.#visible.reduce((sum, offsets) => sum + offsets.filter((visible) => visible).length, 0)
  }

  /** What the value of a record begins with. */
  static mark(partition: number, offset: number): string {
    return `${partition}:${offset};`
  }

  #append(): void {
    const { clock, random } = this.#world
    if (clock.now() >= this.#endMs) {
      this.#ended = true
      this.over = this.#openCount === 0
      return
    }
    const partition = this.#below(this.#settings.partitions)
    if (this.#below(4) === 0) this.#transaction(partition)
    else this.#plain(partition)
    clock.after(-Math.log(1 - random.next()) * this.#settings.everyMs, () => this.#append())
  }

  #plain(partition: number): void {
    const count = 1 + this.#below(this.#below(40) === 0 ? 3_000 : 20)
    const values = this.#values(partition, count)
    this.#world.note('appended', partition, this.#visible[partition]!.length, count)
    const items = values.map((value) => ({ partition, value }))
    void this.#world.append(this.#settings.topic, items, { batchRecords: 1 + this.#below(count) })
    for (let i = 0; i < count; i++) this.#visible[partition]!.push(true)
  }

  /** One batch or more of one producer, with whatever else is appended meanwhile between them. */
  #transaction(partition: number): void {
    const { broker, clock } = this.#world
    const { topic } = this.#settings
    const idle = this.#idleProducers[partition]!
    const producer = { producerId: idle.pop() ?? this.#nextProducerId++, producerEpoch: 0 }
    const outcome = this.#below(2) === 0 ? 'commit' : 'abort'
    const offsets: number[] = []
    this.#openCount++
    const step = () => {
      const log = this.#visible[partition]!
      if (offsets.length > 0 && this.#below(3) === 0) {
        broker.endTransaction(topic, partition, outcome, producer)
        for (const offset of offsets) log[offset] = outcome === 'commit'
        log.push(false)
        this.#world.note(outcome, partition, log.length - 1)
        idle.push(producer.producerId)
        this.#openCount--
        this.over = this.#ended && this.#openCount === 0
        return
      }
      const values = this.#values(partition, 1 + this.#below(10))
      const records = values.map((value) => ({ value: Buffer.from(value), timestamp: clock.wall() }))
      // Without a codec it is no promise.
      const batch = encodeBatch(records, {
        ...producer,
        baseSequence: offsets.length,
        transactional: true,
      }) as Uint8Array
      broker.append(topic, partition, batch)
      for (const _ of records) offsets.push(log.push(false) - 1)
      this.#world.note('in transaction', partition, log.length - records.length, records.length)
      clock.after(this.#below(2_000), step)
    }
    step()
  }

  /** Now and then large ones: more than a segment, more than a fetch of a partition. */
  #values(partition: number, count: number): string[] {
    const padding = 'x'.repeat(this.#below(50) === 0 ? this.#below(count > 100 ? 1_000 : 200_000) : this.#below(100))
    const first = this.#visible[partition]!.length
    return Array.from({ length: count }, (_, i) => SimulatedWriter.mark(partition, first + i) + padding)
  }

  #below(end: number): number {
    return Math.floor(end * this.#world.random.next())
  }
}
