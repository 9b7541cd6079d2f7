// The roles on real threads: one I/O worker, a piscina pool of decode workers, main. [main thread]
import { performance } from 'node:perf_hooks'
import { MessageChannel, Worker } from 'node:worker_threads'
import { backgroundClock } from '../base/clock.ts'
import { type MillraceError, ThreadDied } from '../base/errors.ts'
import { systemRandom } from '../base/random.ts'
import { messagePort } from '../control/port.ts'
import { PortSpills } from '../control/spills.ts'
import type { EngineParts } from '../engine/engine.ts'
import type { IoThreadData } from '../io/thread.ts'
import { kernelChoice } from '../record/best-kernel.ts'
import { Doorbell } from '../ring/doorbell.ts'
import { allocateMemory, DECODERS_MAX } from '../ring/layout.ts'
import { Memory } from '../ring/memory.ts'
import { busyShare } from './busy-share.ts'
import { DecodePool } from './decode-pool.ts'
import { type ProcessorWorker, startProcessorWorker } from './processor-worker.ts'
import type { WiringOptions } from './wiring-options.ts'

/** A thread's entry: `.ts` from source, `.js` from dist. The build would not rewrite `new URL('./x.ts', …)`. */
const entry = (path: string): URL => new URL(path + import.meta.url.slice(-3), import.meta.url)

/** Starts the threads. They are up when the first command is answered; none of them keeps the process alive alone. */
export function startThreads(options: WiringOptions): EngineParts {
  const { decodeWorkers: workers } = options
  // What the threads could not do is said here, before they start.
  kernelChoice()
  const shared = allocateMemory(options.bufferBytes, workers, options.debug)
  const memory = new Memory(shared)
  const { layout, words } = memory
  const pool = new DecodePool(workers)
  const toMain = new MessageChannel()
  const spillPorts = [...pool.fromIo, toMain.port1]
  const workerData: IoThreadData = { memory: shared, options: options.io, spillPorts }
  const io = new Worker(entry('../io/thread'), { workerData, transferList: spillPorts, name: 'millrace io' })
  pool.start(entry('../worker/thread'), shared, options.maxDecompressedBytes)
  new PortSpills(memory, workers + 1, [], [toMain.port2, ...pool.toMain])
  let stopped = false
  const processors = new Set<ProcessorWorker>()
  const processorEntry = entry('../worker/processor-thread')
  const forProcessors = { memory: shared, maxDecompressedBytes: options.maxDecompressedBytes }
  return {
    memory,
    clock: backgroundClock,
    io: messagePort(io),
    mainBell: new Doorbell(words, layout.mainBell),
    ioBell: new Doorbell(words, layout.ioBell),
    bellOf: (worker) => new Doorbell(worker.words, worker.layout.bell),
    hold: (on) => (on ? io.ref() : io.unref()),
    post: (run) => void setImmediate(run),
    onDeath(report) {
      io.on('error', (cause) => report(died('I/O thread', cause)))
      io.on('exit', (code) => !stopped && report(died('I/O thread', new Error(`it exited with code ${code}`))))
      pool.onDeath((cause) => !stopped && report(died('decode worker', cause)))
    },
    busy: () => ({
      ...{ main: busyShare(performance), io: busyShare(io.performance), ...pool.busy() },
      ...Object.fromEntries([...processors].map(({ name, busy }) => [name, busy()])),
    }),
    compressors: pool.compressors,
    random: systemRandom,
    workersMax: DECODERS_MAX,
    startProcessor(spec) {
      const thread = startProcessorWorker(processorEntry, spec, forProcessors)
      processors.add(thread)
      void thread.exited.then(() => processors.delete(thread))
      return thread
    },
    async stop() {
      stopped = true
      await Promise.all([io.terminate(), pool.stop()])
      toMain.port2.close()
    },
  }
}

function died(thread: string, cause: unknown): MillraceError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const text = `The ${thread} of millrace stopped unexpectedly: ${why}. Make a new Kafka instance.`
  return new ThreadDied('THREAD_DIED', text, { fatal: true, cause })
}
