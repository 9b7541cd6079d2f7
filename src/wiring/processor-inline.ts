// A worker with user code on the thread of all other roles. [main thread, simulation]
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { localPorts } from '../control/port.ts'
import type { FromProcessor, ToProcessor } from '../control/processing.ts'
import type { ProcessorSpec, ProcessorThread } from '../engine/processor-pool.ts'
import { bestKernel } from '../record/best-kernel.ts'
import type { Bell, LocalBell } from '../ring/doorbell.ts'
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
  bell: LocalBell
  mainBell: Bell
  ioBell: Bell
  spills: SpillDesk
  post(run: () => void): void
}

/** Starts one. It cannot be ended from outside: a handler that never returns keeps the whole thread. */
export function startInlineProcessor(
  { options }: ProcessorSpec,
  worker: WorkerMemory,
  index: number,
  parts: InlineProcessorParts,
): ProcessorThread {
  const { memory, post } = parts
  const [main, port] = localPorts<ToProcessor, FromProcessor>(post)
  let exit = () => {}
  const exited = new Promise<void>((resolve) => {
    exit = resolve
  })
  const view = memory.worker(worker.id)!
  const line = { ...port, close: () => {} }
  const role = new ProcessorRole({
    ...parts,
    ...{ options, index, worker: view, kernel: bestKernel(), port: line, receive: () => undefined },
    // What it has said is heard before its end.
    ended: () => post(exit),
  })
  post(() => void role.start())
  return {
    spills: undefined,
    post: (message) => main.post(message),
    onMessage: (handle) => main.onMessage(handle),
    onExit: (handle) => void exited.then(() => handle('it was ended')),
    terminate: () => role.abandon(),
  }
}
