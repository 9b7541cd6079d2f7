// Walks a Fetch response, v4 to v18, in the memory it lands in: no object a record, one call a batch. [I/O thread]
import { ProtocolViolation } from '../base/errors.ts'
import { FetchReader, INCOMPLETE } from './fetch-reader.ts'
import type { Landing } from './landing.ts'

/** The fields of a partition that stand before its records. */
export interface PartitionHead {
  partition: number
  errorCode: number
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  aborted: { producerId: bigint; firstOffset: number }[]
  preferredReadReplica: number
}

/** The tagged fields that stand after a partition's records (KIP-951 and KIP-320). */
export interface PartitionTail {
  divergingEpoch: { epoch: number; endOffset: number } | undefined
  leader: { id: number; epoch: number } | undefined
}

/** An empty name, no partitions, no tags; and a partition without records: what bounds a count. */
const TOPIC_BYTES_MIN = 3
const PARTITION_BYTES_MIN = 20

/** Who is told what the response says, in its order. */
export interface FetchVisitor {
  /** Before all partitions. */
  top(throttleMs: number, errorCode: number, sessionId: number): void
  /** A partition begins. False: its records are not wanted. `topic` is a name up to v12, an id from v13. */
  partition(topic: string, head: PartitionHead): boolean
  /**
   * Records, from the reader's position up to `end`: takes whole batches and moves past them. It may throw INCOMPLETE
   * to be called again at the same place when more has arrived, or when there is room again.
   */
  records(reader: FetchReader, end: number): void
  /** The partition ends. */
  partitionEnd(tail: PartitionTail): void
  /** KIP-951: addresses of brokers that the leader hints name. */
  endpoints(list: { id: number; host: string; port: number }[]): void
}

/** Fields nest: response, topics, partitions. `step` says which is next; each step is repeated whole if bytes lack. */
export class FetchWalk {
  readonly #reader: FetchReader
  readonly #version: number
  readonly #visitor: FetchVisitor
  #step: () => void = this.#top
  #topicsLeft = 0
  #partitionsLeft = 0
  #topic = ''
  #recordsEnd = 0
  #wanted = false
  done = false

  constructor(landing: Landing, version: number, visitor: FetchVisitor) {
    this.#reader = new FetchReader(landing)
    this.#version = version
    this.#visitor = visitor
  }

  /** Goes as far as the bytes that have arrived; a malformed response throws ProtocolViolation. */
  advance(): void {
    let mark = this.#reader.at
    try {
      while (!this.done) {
        mark = this.#reader.at
        this.#step()
      }
    } catch (error) {
      if (error === INCOMPLETE) {
        // Records advance batch by batch; every other step starts again.
        if (this.#step !== this.#records) this.#reader.at = mark
        return
      }
      if (!(error instanceof RangeError)) throw error
      const what = `Fetch response v${this.#version}, byte ${this.#reader.at}: ${error.message}`
      throw new ProtocolViolation('PROTOCOL_VIOLATION', what, { cause: error })
    }
  }

  get #flexible(): boolean {
    return this.#version >= 12
  }

  #top(): void {
    const reader = this.#reader
    if (this.#flexible) this.#tags(() => false)
    const throttleMs = reader.int32()
    const errorCode = this.#version >= 7 ? reader.int16() : 0
    const sessionId = this.#version >= 7 ? reader.int32() : 0
    this.#topicsLeft = this.#count(TOPIC_BYTES_MIN)
    this.#visitor.top(throttleMs, errorCode, sessionId)
    this.#step = this.#nextTopic
  }

  #nextTopic(): void {
    if (this.#topicsLeft === 0) {
      this.#step = this.#bottom
      return
    }
    const reader = this.#reader
    if (this.#version >= 13) this.#topic = reader.text(16, 'base64url')
    else this.#topic = reader.text(this.#flexible ? reader.uvarint() - 1 : reader.int16(), 'utf8')
    this.#partitionsLeft = this.#count(PARTITION_BYTES_MIN)
    this.#topicsLeft--
    this.#step = this.#nextPartition
  }

  #nextPartition(): void {
    if (this.#partitionsLeft === 0) {
      if (this.#flexible) this.#tags(() => false)
      this.#step = this.#nextTopic
      return
    }
    const reader = this.#reader
    const head: PartitionHead = {
      partition: reader.int32(),
      errorCode: reader.int16(),
      highWatermark: reader.int64(),
      lastStableOffset: reader.int64(),
      logStartOffset: this.#version >= 5 ? reader.int64() : -1,
      aborted: this.#aborted(),
      preferredReadReplica: this.#version >= 11 ? reader.int32() : -1,
    }
    const size = Math.max(0, this.#flexible ? reader.uvarint() - 1 : reader.int32())
    if (size > reader.remaining) throw new RangeError(`a record set of ${size} bytes runs past the end of the response`)
    this.#recordsEnd = reader.at + size
    this.#partitionsLeft--
    this.#wanted = this.#visitor.partition(this.#topic, head)
    this.#step = this.#records
  }

  #aborted(): PartitionHead['aborted'] {
    const reader = this.#reader
    const list: PartitionHead['aborted'] = []
    for (let left = this.#count(16); left > 0; left--) {
      list.push({ producerId: reader.bigint64(), firstOffset: reader.int64() })
      if (this.#flexible) this.#tags(() => false)
    }
    return list
  }

  #records(): void {
    if (this.#wanted) this.#visitor.records(this.#reader, this.#recordsEnd)
    this.#reader.at = this.#recordsEnd
    this.#step = this.#partitionTail
  }

  #partitionTail(): void {
    const reader = this.#reader
    const tail: PartitionTail = { divergingEpoch: undefined, leader: undefined }
    if (this.#flexible) {
      this.#tags((tag) => {
        if (tag === 0) tail.divergingEpoch = { epoch: reader.int32(), endOffset: reader.int64() }
        else if (tag === 1) tail.leader = { id: reader.int32(), epoch: reader.int32() }
        else return false
        return true
      })
    }
    this.#visitor.partitionEnd(tail)
    this.#step = this.#nextPartition
  }

  #bottom(): void {
    const reader = this.#reader
    const list: { id: number; host: string; port: number }[] = []
    if (this.#flexible) {
      this.#tags((tag) => {
        if (tag !== 0 || this.#version < 16) return false
        for (let left = this.#count(8); left > 0; left--) {
          const id = reader.int32()
          const host = reader.text(reader.uvarint() - 1, 'utf8')
          list.push({ id, host, port: reader.int32() })
          this.#skipString()
          this.#tags(() => false)
        }
        return true
      })
    }
    if (list.length > 0) this.#visitor.endpoints(list)
    this.done = true
  }

  /** A nullable compact string that nobody needs: the rack. */
  #skipString(): void {
    this.#reader.skip(Math.max(0, this.#reader.uvarint() - 1))
  }

  /** An array's count, at most what the remaining bytes can hold. */
  #count(bytesMin: number): number {
    const count = Math.max(0, this.#flexible ? this.#reader.uvarint() - 1 : this.#reader.int32())
    if (count * bytesMin > this.#reader.remaining) throw new RangeError(`an array claims ${count} entries`)
    return count
  }

  /** Tagged fields (KIP-482): `read` takes those it knows and says so, the others are skipped. */
  #tags(read: (tag: number) => boolean): void {
    const reader = this.#reader
    for (let left = reader.uvarint(); left > 0; left--) {
      const tag = reader.uvarint()
      const size = reader.uvarint()
      const start = reader.at
      reader.require(size)
      read(tag)
      reader.at = start + size
    }
  }
}
