// A worker with user code on the thread of all other roles. [main thread, simulation]
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { localPorts } from '../control/port.ts'
import type { FromProcessor, ToProcessor } from '../control/processing.ts'
import type { ProcessorSpec, ProcessorThread } from '../engine/processor-pool.ts'
import { bestKernel } from '../record/best-kernel.ts'
import type { Answer, Bell } from '../ring/doorbell.ts'
import type { WorkerMemory } from '../ring/layout.ts'
import type { Memory } from '../ring/memory.ts'
import type { SpillDesk } from '../ring/spill.ts'
import { ProcessorRole } from '../worker/processor-role.ts'

/** What it shares with the other roles. */
export interface InlineProcessorParts {
  memory: Memory
  maxDecompressedBytes: number
  clock: Clock
  random: Random
  bellOf(worker: WorkerMemory): Answer & Bell
  mainBell: Bell
  ioBell: Bell
  spills: SpillDesk
  post(run: () => void): void
}

/** Starts one. It cannot be ended from outside: a handler that never returns keeps the whole thread. */
export function startInlineProcessor({ options }: ProcessorSpec, parts: InlineProcessorParts): ProcessorThread {
  const { memory, post, bellOf } = parts
  const [main, port] = localPorts<ToProcessor, FromProcessor>(post)
  let exit = () => {}
  const exited = new Promise<string>((resolve) => {
    exit = () => resolve('it was ended')
  })
  const line = { ...port, close: () => {} }
  let role: ProcessorRole | undefined
  return {
    spills: undefined,
    exited,
    begin({ id }, index) {
      const worker = memory.worker(id)!
      role = new ProcessorRole({
        ...{ ...parts, options, index, worker, bell: bellOf(worker.memory), kernel: bestKernel() },
        ...{ port: line, receive: () => undefined },
        // What it has said is heard before its end.
        ended: () => post(exit),
      })
      post(() => void role?.start())
    },
    post: (message) => main.post(message),
    onMessage: (handle) => main.onMessage(handle),
    terminate: () => (role === undefined ? exit() : role.abandon()),
  }
}
