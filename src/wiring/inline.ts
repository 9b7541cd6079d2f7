// All roles on the calling thread: for short scripts, places without worker threads, and the simulation. [main thread]
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Transport } from '../base/transport.ts'
import type { ToIo, ToMain } from '../control/commands.ts'
import type { ToCompressor } from '../control/compressing.ts'
import { localPorts, type Port } from '../control/port.ts'
import { LocalSpills } from '../control/spills.ts'
import type { EngineParts } from '../engine/engine.ts'
import type { CompressorLines } from '../engine/producers.ts'
import { IoRole } from '../io/role.ts'
import { bestKernel } from '../record/best-kernel.ts'
import { LocalBell } from '../ring/doorbell.ts'
import { allocateMemory } from '../ring/layout.ts'
import { Memory } from '../ring/memory.ts'
import { Compressor } from '../worker/compressor.ts'
import { Drain } from '../worker/drain.ts'
import { startInlineProcessor } from './processor-inline.ts'
import type { WiringOptions } from './wiring-options.ts'

/** What the roles run on: the machine's, or a simulation's. */
export interface InlineWorld {
  transport: Transport
  clock: Clock
  random: Random
  /** Runs a function soon: the hand-off between roles. In order, or as a seed says. */
  post(run: () => void): void
}

/** Links the roles directly. One worker: more would share the thread anyway. */
export function startInline(options: WiringOptions, world: InlineWorld): EngineParts {
  const { clock, post } = world
  const memory = new Memory(allocateMemory(options.bufferBytes, 1, options.debug))
  const [main, io] = localPorts<ToIo, ToMain>(post)
  const bells = { main: new LocalBell(post), io: new LocalBell(post), worker: new LocalBell(post) }
  const bellOf = bellsByWorker(bells.worker, post)
  const spills = new LocalSpills(memory)
  const drain = new Drain({
    worker: 0,
    memory,
    kernel: bestKernel(),
    clock,
    mainBell: bells.main,
    ioBell: bells.io,
    spills,
    maxDecompressedBytes: options.maxDecompressedBytes,
  })
  bells.worker.start(() => drain.run())
  const role = new IoRole({
    ...world,
    port: io,
    memory,
    bell: bells.io,
    bellOf,
    spills,
    options: options.io,
  })
  role.start()
  let keepAlive: NodeJS.Timeout | undefined
  return {
    memory,
    clock,
    io: main,
    mainBell: bells.main,
    ioBell: bells.io,
    bellOf,
    hold(on) {
      clearInterval(keepAlive)
      keepAlive = on ? setInterval(() => {}, 0x7fffffff) : undefined
    },
    post,
    onDeath: () => {},
    busy: () => ({}),
    workersMax: 1,
    startProcessor(spec) {
      const parts = { ...world, memory, spills, maxDecompressedBytes: options.maxDecompressedBytes }
      return startInlineProcessor(spec, { ...parts, bellOf, mainBell: bells.main, ioBell: bells.io })
    },
    compressors: compressorOf(main, post),
    random: world.random,
    async stop() {
      clearInterval(keepAlive)
      bells.worker.stop()
      drain.close()
    },
  }
}

/** One compressor; what it has done goes the way of main's own messages. */
function compressorOf(main: Port<ToIo, ToMain>, post: InlineWorld['post']): CompressorLines {
  const [toCompressor, end] = localPorts<ToCompressor, never>(post)
  const compressor = new Compressor((message) => main.post(message))
  end.onMessage((message) => compressor.take(message))
  return {
    count: 1,
    open(producer, memory) {
      toCompressor.post({ type: 'openProducer', producer, memory, io: undefined })
      return []
    },
    post: (_, message) => toCompressor.post(message),
  }
}

/** The bell of each worker: the first decodes for all readers, later ones run processors. */
function bellsByWorker(first: LocalBell, post: (run: () => void) => void): (worker: { id: number }) => LocalBell {
  const bells = new Map([[0, first]])
  return ({ id }) => {
    const bell = bells.get(id) ?? new LocalBell(post)
    bells.set(id, bell)
    return bell
  }
}
