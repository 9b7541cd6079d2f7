// A thread of a run with a processor: decodes the batches of its partitions and runs user code on them.
// [workers with a processor]
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { backgroundClock } from '../base/clock.ts'
import { InvalidOption, toWire } from '../base/errors.ts'
import { systemRandom } from '../base/random.ts'
import type { FromProcessor, ToProcessor } from '../control/processing.ts'
import { PortSpills } from '../control/spills.ts'
import type { ErrorPolicy } from '../delivery/attempts.ts'
import { bestKernel } from '../record/best-kernel.ts'
import { Doorbell } from '../ring/doorbell.ts'
import type { SharedMemory, WorkerMemory } from '../ring/layout.ts'
import { Ledger } from '../ring/ledger.ts'
import { Memory } from '../ring/memory.ts'
import { Drain } from './drain.ts'
import { type Processor, ProcessorHost } from './processor.ts'

/** What the thread is started with. */
export interface ProcessorThreadData {
  memory: SharedMemory
  worker: WorkerMemory
  index: number
  /** URL of the module with the processor. */
  module: string
  order: 'partition' | 'none'
  policy: ErrorPolicy
  timeoutMs: number | undefined
  graceMs: number
  maxDecompressedBytes: number
  /** From the I/O thread: spills made there. */
  spillsIn: MessagePort
  /** To and from main. */
  main: MessagePort
}

interface ProcessorModule {
  default: Processor
  init?(context: { worker: number }): unknown
  close?(): unknown
}

const data = workerData as ProcessorThreadData
const post = (message: FromProcessor) => data.main.postMessage(message)

run().catch((error) => {
  post({ type: 'refused', error: toWire(error) })
  data.main.close()
  data.spillsIn.close()
})

async function run(): Promise<void> {
  const module = await load(data.module)
  await module.init?.({ worker: data.index })
  const memory = new Memory(data.memory)
  const worker = memory.addWorker(data.worker)
  const bell = new Doorbell(worker.words, worker.layout.bell)
  const mainBell = new Doorbell(memory.words, memory.layout.mainBell)
  const handle = (message: ToProcessor) => {
    if (message.type === 'starts') host.start(message.starts)
    else void stop()
  }
  const host = new ProcessorHost({
    worker,
    index: data.index,
    memory,
    ledger: new Ledger(worker),
    mainBell,
    clock: backgroundClock,
    random: systemRandom,
    processor: module.default,
    order: data.order,
    policy: data.policy,
    timeoutMs: data.timeoutMs,
    post,
    learnStarts: () => {
      for (let got = receiveMessageOnPort(data.main); got !== undefined; got = receiveMessageOnPort(data.main)) {
        handle(got.message as ToProcessor)
      }
    },
    roomMade: () => bell.ring(),
  })
  const drain = new Drain({
    worker: worker.id,
    memory,
    kernel: bestKernel(),
    clock: backgroundClock,
    mainBell,
    ioBell: new Doorbell(memory.words, memory.layout.ioBell),
    spills: new PortSpills(memory, 1 + worker.id, [], [data.spillsIn]),
    maxDecompressedBytes: data.maxDecompressedBytes,
    handOver: host,
  })
  const stop = async () => {
    await host.stop(data.graceMs)
    await module.close?.()
    bell.stop()
    drain.close()
    post({ type: 'stopped' })
    data.main.close()
    data.spillsIn.close()
  }
  data.main.on('message', handle)
  bell.start(() => {
    host.flush()
    drain.run()
  })
  post({ type: 'ready' })
}

async function load(url: string): Promise<ProcessorModule> {
  let module: Partial<ProcessorModule>
  try {
    module = (await import(url)) as Partial<ProcessorModule>
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidOption('PROCESSOR_NOT_LOADED', `The processor ${url} cannot be loaded: ${why}`, { cause })
  }
  if (typeof module.default === 'function') return module as ProcessorModule
  const what = module.default === undefined ? 'has no default export' : `exports a ${typeof module.default} as default`
  throw new InvalidOption('PROCESSOR_INVALID', `The processor ${url} ${what}; a function (batch, context) is needed.`)
}

parentPort?.unref()
