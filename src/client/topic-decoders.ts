// How the records of each topic are deserialized by one reader. [main thread]
import { type DecodePolicy, RecordDecoder } from '../delivery/record-decoder.ts'
import type { Deserializer } from '../delivery/serdes.ts'

/** The deserializers that the client was given for a topic. */
export type SerdesOf = (topic: string) => TopicSerdes

/** Deserializers of one topic. */
export interface TopicSerdes {
  key?: Deserializer<unknown> | undefined
  value?: Deserializer<unknown> | undefined
}

/** The options of a reader that concern deserializers. */
export interface DecoderOptions extends TopicSerdes {
  onDeserializationError: DecodePolicy
}

/** One decoder a topic, made at its first batch. What the reader was given itself wins over the topic's. */
export class TopicDecoders {
  readonly #options: DecoderOptions
  readonly #serdesOf: SerdesOf
  readonly #made = new Map<string, RecordDecoder<unknown, unknown>>()

  constructor(options: DecoderOptions, serdesOf: SerdesOf) {
    this.#options = options
    this.#serdesOf = serdesOf
  }

  /** The deserializers in force for a topic. */
  serdes(topic: string): TopicSerdes {
    const given = this.#serdesOf(topic)
    return { key: this.#options.key ?? given.key, value: this.#options.value ?? given.value }
  }

  /** The decoder of a topic. */
  of(topic: string): RecordDecoder<unknown, unknown> {
    let decoder = this.#made.get(topic)
    if (decoder === undefined) {
      const { key, value } = this.serdes(topic)
      decoder = new RecordDecoder(this.#options.onDeserializationError, key, value)
      this.#made.set(topic, decoder)
    }
    return decoder
  }
}
