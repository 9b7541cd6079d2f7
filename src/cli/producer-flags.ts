// The flags of commands that write, and the producer's settings that they make. [main thread]
import type { Command } from 'commander'
import type { KafkaOptions, ProducerOptions } from '../index.ts'
import { type ClientFlags, connectionOptions } from './client-options.ts'

/** What commander gives for these flags. */
export interface ProducerFlags {
  compression?: string
  acks?: string
}

/** What `--codec` of `bench` is called, too. */
export const CODEC_FLAG = '--codec, --compression <codec>'

/** Adds `--compression` and `--acks`. */
export function addProducerFlags(command: Command, compression: string): Command {
  return command
    .option(compression, 'none, gzip, snappy, lz4 or zstd')
    .option('-a, --acks <acks>', 'all, 1 or 0: how many replicas must have a record')
}

/** Options of `new Kafka`, with what the command prefers below them, and of `kafka.producer`: those of these flags. */
export function producerOptions(
  flags: ClientFlags & ProducerFlags,
  preset?: object,
  from?: string,
): { kafka: KafkaOptions; producer: ProducerOptions } {
  const { compression, acks } = flags
  const producer = {
    ...(compression === undefined ? {} : { compression: compression as 'none' }),
    ...(acks === undefined ? {} : { acks: (acks === 'all' ? acks : Number(acks)) as 'all' }),
  }
  return { kafka: connectionOptions(flags, preset, from), producer }
}
