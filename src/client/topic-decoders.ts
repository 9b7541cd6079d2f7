// How the records of each topic are deserialized by one reader. [main thread]
import { InvalidOption } from '../base/errors.ts'
import { type DecodePolicy, RecordDecoder } from '../delivery/record-decoder.ts'
import { type BuiltinSerde, builtinName, type Deserializer } from '../delivery/serdes.ts'

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

  /** The deserializers of a topic as workers know them; throws when one is not a serde of millrace's own. */
  names(topic: string): { key: BuiltinSerde | undefined; value: BuiltinSerde | undefined } {
    const { key, value } = this.serdes(topic)
    return { key: nameOf(topic, 'key', key), value: nameOf(topic, 'value', value) }
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

function nameOf(topic: string, part: string, deserializer: Deserializer<unknown> | undefined) {
  if (deserializer === undefined) return undefined
  const name = builtinName(deserializer)
  if (name !== undefined) return name
  const text =
    `run: the ${part} deserializer of topic '${topic}' cannot go to worker threads, which know json(), string(), ` +
    'raw(), int32(), int64() and uuid(). Deserialize in the processor, and give such a consumer none.'
  throw new InvalidOption('SERDE_NOT_IN_WORKERS', text, { topic })
}
