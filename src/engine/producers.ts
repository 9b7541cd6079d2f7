// Main's end of the lines to what sends for producers: the I/O thread, and the workers that compress. [main thread]
import { fromWire, type MillraceError } from '../base/errors.ts'
import type { ToIo, TopicPartitions } from '../control/commands.ts'
import type { CompressJob, ToCompressor } from '../control/compressing.ts'
import type { BatchReport, ProducePort, ProducerEvent, ProducerSettings, SealedBatch } from '../control/producing.ts'

/** The workers that compress. */
export interface CompressorLines {
  readonly count: number
  /** Makes a producer known to all of them; returns where the I/O thread hears of what they compressed. */
  open(producer: number, memory: SharedArrayBuffer): ProducePort[]
  post(worker: number, message: ToCompressor): void
}

/** What a producer is told. */
export interface ProducerEvents {
  produced(reports: BatchReport[], freed: number[]): void
  partitionsChanged(topics: TopicPartitions[]): void
  /** Nothing can be sent any more. */
  failed(error: MillraceError): void
  /** The engine ended: no report will come any more. */
  died(error: MillraceError): void
}

/** A producer's place in the engine. */
export interface ProducerLine {
  /** As calls name it. */
  readonly id: number
  /** To the I/O thread. */
  produce(batches: SealedBatch[]): void
  /** To a worker, and by it to the I/O thread. */
  compress(jobs: CompressJob[]): void
  /** Nothing more comes for it. */
  forget(): void
}

/** All producers of an engine. */
export class Producers {
  readonly #post: (message: ToIo, transfer?: ProducePort[]) => void
  readonly #compressors: CompressorLines
  readonly #open = new Map<number, ProducerEvents>()
  #made = 0
  #turn = 0

  constructor(post: (message: ToIo, transfer?: ProducePort[]) => void, compressors: CompressorLines) {
    this.#post = post
    this.#compressors = compressors
  }

  /** Makes a producer known to the other threads. */
  open(settings: ProducerSettings, memory: SharedArrayBuffer, events: ProducerEvents): ProducerLine {
    const producer = this.#made++
    const workers = this.#compressors.open(producer, memory)
    this.#open.set(producer, events)
    this.#post({ type: 'openProducer', producer, settings, memory, workers }, workers)
    return {
      id: producer,
      produce: (batches) => this.#post({ type: 'produce', producer, batches }),
      compress: (jobs) => {
        for (const job of jobs) this.#compress(producer, job)
      },
      forget: () => {
        this.#open.delete(producer)
        for (let worker = 0; worker < this.#compressors.count; worker++) {
          this.#compressors.post(worker, { type: 'closeProducer', producer })
        }
      },
    }
  }

  /** What the I/O thread tells. */
  event(event: ProducerEvent): void {
    if (event.type === 'produced') this.#open.get(event.producer)?.produced(event.reports, event.freed)
    else this.#open.get(event.producer)?.failed(fromWire(event.error))
  }

  /** Topics have other numbers of partitions now. */
  partitionsChanged(topics: TopicPartitions[]): void {
    for (const events of this.#open.values()) events.partitionsChanged(topics)
  }

  /** The end of the engine. */
  died(error: MillraceError): void {
    for (const events of [...this.#open.values()]) events.died(error)
    this.#open.clear()
  }

  /** In turn: a batch costs about the same wherever it is from. */
  #compress(producer: number, job: CompressJob): void {
    this.#turn = (this.#turn + 1) % this.#compressors.count
    this.#compressors.post(this.#turn, { type: 'compress', producer, jobs: [job] })
  }
}
