// Compresses batches of producers where they lie, and passes them on to the I/O thread. [pool threads]
import { toWire } from '../base/errors.ts'
import type { CompressJob, ToCompressor } from '../control/compressing.ts'
import type { Extent, Produce, ProducePort, SealedBatch } from '../control/producing.ts'
import { compressPieces } from '../record/compress-pieces.ts'

interface OpenProducer {
  memory: Uint8Array
  io: ProducePort | undefined
}

/** One a worker. Batches of one partition may come from several: their ordinals tell the I/O thread their order. */
export class Compressor {
  readonly #pass: (message: Produce) => void
  readonly #producers = new Map<number, OpenProducer>()

  /** `pass` is the way to the I/O thread where there is no port. */
  constructor(pass: (message: Produce) => void = () => {}) {
    this.#pass = pass
  }

  /** What main says. */
  take(message: ToCompressor): void {
    const { producer } = message
    switch (message.type) {
      case 'openProducer':
        message.io?.unref()
        this.#producers.set(producer, { memory: new Uint8Array(message.memory), io: message.io })
        return
      case 'compress':
        for (const job of message.jobs) this.#compress(producer, job)
        return
      case 'closeProducer':
        this.#producers.get(producer)?.io?.close()
        this.#producers.delete(producer)
    }
  }

  /** Nothing is compressed any more. */
  close(): void {
    for (const producer of this.#producers.keys()) this.take({ type: 'closeProducer', producer })
  }

  #compress(producer: number, { batch, level }: CompressJob): void {
    const open = this.#producers.get(producer)
    if (open === undefined) return
    const done = (batches: SealedBatch[]) => {
      const message: Produce = { type: 'produce', producer, batches }
      if (open.io === undefined) this.#pass(message)
      else open.io.postMessage(message)
    }
    const failed = (error: unknown) => done([{ ...batch, lost: { ...toWire(error), stored: 'not stored' } }])
    try {
      const compressed = compressPieces(open.memory, batch.pieces, batch.codec, level)
      if (typeof compressed === 'number') done([shortened(batch, compressed)])
      else compressed.then((sizeBytes) => done([shortened(batch, sizeBytes)]), failed)
    } catch (error) {
      failed(error)
    }
  }
}

/** The batch with its records in `sizeBytes`; undisturbed when they would not be smaller, which 0 says. */
function shortened(batch: SealedBatch, sizeBytes: number): SealedBatch {
  if (sizeBytes === 0) return { ...batch, codec: 0 }
  const pieces: Extent[] = []
  let left = sizeBytes
  for (const { start, sizeBytes: pieceBytes } of batch.pieces) {
    if (left === 0) break
    const used = Math.min(left, pieceBytes)
    pieces.push({ start, sizeBytes: used })
    left -= used
  }
  return { ...batch, pieces }
}
