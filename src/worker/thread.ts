// A pool thread: one long task that drains its ring until it is told to stop. [pool threads, piscina entry]
import type { MessagePort } from 'node:worker_threads'
import { backgroundClock } from '../base/clock.ts'
import type { ToCompressor } from '../control/compressing.ts'
import { PortSpills } from '../control/spills.ts'
import { bestKernel } from '../record/best-kernel.ts'
import { Doorbell } from '../ring/doorbell.ts'
import type { SharedMemory } from '../ring/layout.ts'
import { Memory } from '../ring/memory.ts'
import { Compressor } from './compressor.ts'
import { Drain } from './drain.ts'

/** The task. */
export interface WorkerTask {
  worker: number
  memory: SharedMemory
  maxDecompressedBytes: number
  /**
   * Says when the drain answers; 'settled' ends the task, 'stop' the drain. Open, it keeps the thread up, which a
   * pending Atomics.waitAsync would not.
   */
  stop: MessagePort
  /** To main: spills made here. */
  spillsOut: MessagePort
  /** From the I/O thread: spills made there. */
  spillsIn: MessagePort
  /** From main: batches to compress. */
  compress: MessagePort
}

/**
 * Drains until it is stopped. The task itself ends before: piscina keeps the process up as long as one is running, and
 * a program ends after its last loop. It does not end before all have started, so that each has a thread of its own.
 */
export default function startDraining(task: WorkerTask): Promise<void> {
  const memory = new Memory(task.memory)
  const { layout, words } = memory
  const own = memory.worker(task.worker)!
  const bell = new Doorbell(own.words, own.layout.bell)
  const drain = new Drain({
    worker: task.worker,
    memory,
    kernel: bestKernel(),
    clock: backgroundClock,
    mainBell: new Doorbell(words, layout.mainBell),
    ioBell: new Doorbell(words, layout.ioBell),
    spills: new PortSpills(memory, 1 + task.worker, [task.spillsOut], [task.spillsIn]),
    maxDecompressedBytes: task.maxDecompressedBytes,
  })
  const compressor = new Compressor()
  task.compress.on('message', (message: ToCompressor) => compressor.take(message))
  task.compress.unref()
  return new Promise((resolve) => {
    task.stop.on('message', (message: 'settled' | 'stop') => {
      resolve()
      if (message === 'settled') return
      bell.stop()
      drain.close()
      compressor.close()
      for (const port of [task.stop, task.spillsOut, task.spillsIn, task.compress]) port.close()
    })
    bell.start(() => drain.run())
    // Ready: the drain answers.
    task.stop.postMessage('ready')
  })
}
