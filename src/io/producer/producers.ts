// All producers of a client: main's commands and calls go to the one they name. [I/O thread]
import { Closed } from '../../base/errors.ts'
import type { ToMain } from '../../control/commands.ts'
import type {
  Produce,
  ProducePort,
  ProducerCall,
  ProducerCallResults,
  ProducerCommand,
} from '../../control/producing.ts'
import type { CallBounds, Cluster } from '../cluster.ts'
import type { Requester } from '../requester.ts'
import { Producer } from './producer.ts'

/** What producers share. */
export interface ProducersPlan {
  cluster: Cluster
  requester: Requester
  post(message: ToMain): void
}

interface Open {
  producer: Producer
  workers: readonly ProducePort[]
}

/** Keeps them by number, and tells main when a topic has other partitions than before. */
export class Producers {
  readonly #plan: ProducersPlan
  readonly #open = new Map<number, Open>()
  /** Partitions of each topic when main could last have asked. */
  readonly #counts = new Map<string, number>()

  constructor(plan: ProducersPlan) {
    this.#plan = plan
    plan.cluster.onChange((topics) => this.#changed(topics))
  }

  /** Carries out a command. One for a producer that was closed meanwhile is nobody's any more. */
  command(message: ProducerCommand): void {
    switch (message.type) {
      case 'openProducer':
        return this.#openProducer(message)
      case 'produce':
        return this.#open.get(message.producer)?.producer.produce(message.batches)
    }
  }

  /** Carries out a call. */
  async call(call: ProducerCall, bounds: CallBounds): Promise<ProducerCallResults[ProducerCall['op']]> {
    const open = this.#open.get(call.producer)
    if (call.op === 'closeProducer') return this.#close(call.producer, open)
    if (open === undefined) throw closed()
    return (await open.producer.call(call, bounds)) as ProducerCallResults[ProducerCall['op']]
  }

  /** Closes all, before the cluster is closed. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map(([id, open]) => this.#close(id, open)))
  }

  #openProducer({ producer: id, settings, memory, workers }: Extract<ProducerCommand, { type: 'openProducer' }>): void {
    const producer = new Producer({ ...this.#plan, id, settings, memory })
    for (const port of workers) {
      port.on('message', ({ batches }: Produce) => producer.produce(batches))
      port.unref()
    }
    this.#open.set(id, { producer, workers })
  }

  async #close(id: number, open: Open | undefined): Promise<undefined> {
    if (open === undefined) return undefined
    await open.producer.close(closed())
    for (const port of open.workers) port.close()
    this.#open.delete(id)
    return undefined
  }

  #changed(topics: ReadonlySet<string>): void {
    const changed = []
    for (const topic of topics) {
      const partitions = this.#plan.cluster.metadata.peek(topic)?.topic?.partitions.length
      if (partitions === undefined) continue
      const before = this.#counts.get(topic)
      this.#counts.set(topic, partitions)
      if (before !== undefined && before !== partitions) changed.push({ topic, partitions })
    }
    if (changed.length > 0 && this.#open.size > 0) this.#plan.post({ type: 'partitionsChanged', topics: changed })
  }
}

/** Whatever comes from now on is not sent. */
function closed(): Closed {
  return new Closed('CLOSED', 'The producer was closed.', { stored: 'not stored' })
}
