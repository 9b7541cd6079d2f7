// What is said to a broker that runs in a thread of its own, and what it answers. [broker]
import type { WireError } from '../base/errors.ts'
import type { TopicSpec } from './cluster.ts'
import type { Generated, GenerateOptions } from './generate.ts'
import type { BrokerOptions } from './options.ts'
import type { SeedItem, SeedOptions } from './seed.ts'

/** The options that can travel between threads. */
export type ThreadedBrokerOptions = Omit<BrokerOptions, 'transport' | 'clock' | 'random'>

/** The commands, as the functions that they call. `start` comes first, `close` last. */
export interface BrokerCommands {
  /** Gives the addresses of all listeners. */
  start(options: ThreadedBrokerOptions): string[]
  createTopic(name: string, spec?: TopicSpec): void
  deleteTopic(name: string): void
  seed(topic: string, items: readonly SeedItem[], options?: SeedOptions): void
  generate(topic: string, options: GenerateOptions): Generated
  disconnectAll(nodeId?: number): void
  close(): void
}

/** A command on its way; `id` comes back with the answer. */
export type BrokerCommand = {
  [C in keyof BrokerCommands]: { id: number; name: C; args: Parameters<BrokerCommands[C]> }
}[keyof BrokerCommands]

/** The answer. */
export type BrokerReply = { id: number; value: unknown } | { id: number; error: WireError }
