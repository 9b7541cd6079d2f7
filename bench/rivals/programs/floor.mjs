// Reads a topic's bytes with one thread and one connection and counts batches: the floor under every client. [bench]
// Fetch v4 by hand, the socket's bytes straight into shared memory, batch headers walked, counts posted to main.
import { connect } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const RING_BYTES = 268_435_456
/** A response must lie in one piece: this much is kept free behind the write position. */
const RESPONSE_BYTES_MAX = 50_331_648
/** How much one read may take; 64 KiB are slower, 1 and 4 MiB no faster. */
const READ_BYTES = 262_144
const PARTITIONS = 8
const API_FETCH = 1

if (isMainThread) countBatches()
else readTopic(workerData)

function countBatches() {
  const { BROKERS, TOPIC, RECORDS, FETCH_MAX_BYTES, PARTITION_FETCH_BYTES } = process.env
  const begin = performance.now()
  const ring = new SharedArrayBuffer(RING_BYTES)
  const limits = { fetchBytes: Number(FETCH_MAX_BYTES), partitionBytes: Number(PARTITION_FETCH_BYTES) }
  const [host, port] = BROKERS.split(',')[0].split(':')
  const worker = new Worker(new URL(import.meta.url), { workerData: { ring, host, port, topic: TOPIC, limits } })
  const view = new DataView(ring)
  let records = 0
  worker.on('message', ({ batches, end }) => {
    for (const at of batches) records += view.getInt32(at + 57)
    worker.postMessage(end)
    if (records < Number(RECORDS)) return
    console.log(JSON.stringify({ records, seconds: (performance.now() - begin) / 1000 }))
    process.exit(0)
  })
}

function readTopic({ ring, host, port, topic, limits }) {
  const bytes = new Uint8Array(ring)
  const view = new DataView(ring)
  const offsets = new Array(PARTITIONS).fill(0)
  let start = 0 // of the response that comes
  let at = 0 // behind what came of it
  let released = 0 // main has counted everything before
  let free = RING_BYTES // between the write position and what main has not counted
  let waiting = false
  const socket = connect({
    host,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer: () => bytes.subarray(at, Math.min(at + READ_BYTES, RING_BYTES)),
      callback: (count) => {
        at += count
        const size = at - start >= 4 ? view.getInt32(start) : -1
        if (size > RESPONSE_BYTES_MAX - 4) throw new Error(`a response of ${size} bytes`)
        if (size >= 0 && at - start === 4 + size) {
          const batches = walk()
          parentPort.postMessage({ batches, end: at })
          free -= at - start
          next()
        }
        return true
      },
    },
  })
  socket.on('connect', next)
  parentPort.on('message', (end) => {
    free += end > released ? end - released : RING_BYTES - released + end
    released = end
    if (waiting) next()
  })

  function next() {
    // The piece that is left out at the ring's end counts as used until main has passed it.
    if (RING_BYTES - at < RESPONSE_BYTES_MAX) {
      free -= RING_BYTES - at
      at = 0
    }
    waiting = free < RESPONSE_BYTES_MAX
    if (waiting) return
    start = at
    socket.write(fetchRequest(topic, offsets, limits))
  }

  /** Where the complete batches of the response are; moves the offsets behind them. */
  function walk() {
    const batches = []
    let here = start + 16 // size, correlation id, throttle time, one topic
    here += 2 + view.getInt16(here)
    const partitions = view.getInt32(here)
    here += 4
    for (let i = 0; i < partitions; i++) {
      const partition = view.getInt32(here)
      const error = view.getInt16(here + 4)
      if (error !== 0) throw new Error(`partition ${partition} answers error ${error}`)
      const aborted = view.getInt32(here + 22)
      here += 26 + Math.max(0, aborted) * 16
      const end = here + 4 + Math.max(0, view.getInt32(here))
      here += 4
      while (end - here >= 61) {
        const sizeBytes = 12 + view.getInt32(here + 8)
        if (sizeBytes > end - here) break
        batches.push(here)
        offsets[partition] = Number(view.getBigInt64(here)) + view.getInt32(here + 23) + 1
        here += sizeBytes
      }
      here = end
    }
    return batches
  }
}

function fetchRequest(topic, offsets, { fetchBytes, partitionBytes }) {
  const name = Buffer.from(topic)
  const request = Buffer.alloc(14 + 17 + 4 + 2 + name.length + 4 + offsets.length * 16)
  let at = request.writeInt32BE(request.length - 4)
  at = request.writeInt16BE(API_FETCH, at)
  at = request.writeInt16BE(4, at) // version
  at = request.writeInt32BE(0, at) // correlation id
  at = request.writeInt16BE(-1, at) // no client id
  at = request.writeInt32BE(-1, at) // a consumer, not a replica
  at = request.writeInt32BE(500, at) // wait at most, ms
  at = request.writeInt32BE(1, at) // for so many bytes
  at = request.writeInt32BE(fetchBytes, at)
  at = request.writeInt8(0, at) // read uncommitted
  at = request.writeInt32BE(1, at) // topics
  at = request.writeInt16BE(name.length, at)
  at += name.copy(request, at)
  at = request.writeInt32BE(offsets.length, at)
  for (const [partition, offset] of offsets.entries()) {
    at = request.writeInt32BE(partition, at)
    at = request.writeBigInt64BE(BigInt(offset), at)
    at = request.writeInt32BE(partitionBytes, at)
  }
  return request
}
