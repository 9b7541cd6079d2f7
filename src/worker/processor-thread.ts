// A thread of a run with a processor: decodes the batches of its partitions and runs user code on them.
// [workers with a processor]
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { backgroundClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { messagePort } from '../control/port.ts'
import type { FromProcessor, ToProcessor } from '../control/processing.ts'
import { PortSpills } from '../control/spills.ts'
import type { HandlerOptions } from '../delivery/handler-options.ts'
import { bestKernel } from '../record/best-kernel.ts'
import { Doorbell } from '../ring/doorbell.ts'
import type { SharedMemory, WorkerMemory } from '../ring/layout.ts'
import { Memory } from '../ring/memory.ts'
import { ProcessorRole } from './processor-role.ts'

/** What the thread is started with. */
export interface ProcessorThreadData {
  memory: SharedMemory
  options: HandlerOptions
  maxDecompressedBytes: number
  /** From the I/O thread: spills made there. */
  spillsIn: MessagePort
  /** To and from main. */
  main: MessagePort
}

/** What main posts first. A spare waits for it with everything loaded but user code. */
export interface ProcessorThreadBegin {
  worker: WorkerMemory
  /** From 0, among the workers of the run. */
  index: number
}

const { memory: shared, main, spillsIn, ...data } = workerData as ProcessorThreadData
const memory = new Memory(shared)
const kernel = bestKernel()
main.once('message', ({ worker: workerMemory, index }: ProcessorThreadBegin) => {
  const worker = memory.addWorker(workerMemory)
  const role = new ProcessorRole({
    ...data,
    ...{ memory, worker, index, kernel, clock: backgroundClock, random: systemRandom },
    bell: new Doorbell(worker.words, worker.layout.bell),
    mainBell: new Doorbell(memory.words, memory.layout.mainBell),
    ioBell: new Doorbell(memory.words, memory.layout.ioBell),
    spills: new PortSpills(memory, 1 + worker.id, [], [spillsIn]),
    port: messagePort<FromProcessor, ToProcessor>(main),
    receive: () => receiveMessageOnPort(main)?.message as ToProcessor | undefined,
    ended: () => spillsIn.close(),
  })
  void role.start()
})
parentPort?.unref()
