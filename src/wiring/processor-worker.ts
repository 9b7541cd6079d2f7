// A worker with user code on a thread of its own. [main thread]
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { FromProcessor } from '../control/processing.ts'
import type { ProcessorSpec, ProcessorThread } from '../engine/processor-pool.ts'
import type { SharedMemory } from '../ring/layout.ts'
import type { ProcessorThreadBegin, ProcessorThreadData } from '../worker/processor-thread.ts'
import { busyShare } from './busy-share.ts'

/** A thread of its own, which can tell how busy it is. */
export interface ProcessorWorker extends ProcessorThread {
  /** What it is: a processor and its index, or a spare one. */
  readonly name: string
  /** The share of its life that it was not waiting, 0 to 1. */
  busy(): number
}

/** Starts one. Not in a pool of piscina's: its end must be seen, and another started in its place, at once. */
export function startProcessorWorker(
  entry: URL,
  { options, resourceLimits }: ProcessorSpec,
  shared: { memory: SharedMemory; maxDecompressedBytes: number },
): ProcessorWorker {
  const line = new MessageChannel()
  const spills = new MessageChannel()
  const ports = { main: line.port2, spillsIn: spills.port2 }
  const workerData: ProcessorThreadData = { ...shared, options, ...ports }
  const transferList = [line.port2, spills.port2]
  const limits = resourceLimits === undefined ? {} : { resourceLimits }
  const thread = new Worker(entry, { workerData, transferList, name: 'millrace processor', ...limits })
  thread.unref()
  let why = ''
  thread.on('error', (error) => {
    why = error instanceof Error ? error.message : String(error)
  })
  let ending = false
  let name = 'spare processor'
  let heard: (message: FromProcessor) => void = () => {}
  const exited = new Promise<string>((resolve) => {
    thread.on('exit', (code) => {
      // What it said last may still be in the port.
      for (let got = receiveMessageOnPort(line.port1); got !== undefined; got = receiveMessageOnPort(line.port1)) {
        heard(got.message as FromProcessor)
      }
      line.port1.close()
      resolve(why === '' ? `it exited with code ${code}` : why)
    })
  })
  return {
    exited,
    get name() {
      return name
    },
    begin(worker, index) {
      name = `processor ${index}`
      const begin: ProcessorThreadBegin = { worker, index }
      line.port1.postMessage(begin)
    },
    busy: () => busyShare(thread.performance),
    spills: spills.port1,
    post: (message) => line.port1.postMessage(message),
    onMessage(handle) {
      heard = handle
      line.port1.on('message', handle)
      line.port1.unref()
    },
    terminate() {
      // Each call would add a listener to the thread.
      if (!ending) void thread.terminate()
      ending = true
    },
  }
}
