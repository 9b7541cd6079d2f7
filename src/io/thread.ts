// The I/O thread: wires the role to TCP, the machine's clock, and main's ports. [I/O thread]
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { backgroundClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { tcp } from '../base/tcp.ts'
import { messagePort } from '../control/port.ts'
import { PortSpills } from '../control/spills.ts'
import { Doorbell } from '../ring/doorbell.ts'
import type { SharedMemory } from '../ring/layout.ts'
import { Memory } from '../ring/memory.ts'
import type { IoOptions } from './io-options.ts'
import { IoRole } from './role.ts'

/** What the thread is started with. */
export interface IoThreadData {
  memory: SharedMemory
  options: IoOptions
  /** Spills made here are announced to all workers and to main. */
  spillPorts: MessagePort[]
}

const { memory: shared, options, spillPorts } = workerData as IoThreadData
const memory = new Memory(shared)
const { layout, words } = memory
const spills = new PortSpills(memory, 0, spillPorts, [])
const told = new Map<number, MessagePort>()

new IoRole({
  transport: tcp,
  clock: backgroundClock,
  random: systemRandom,
  port: messagePort(parentPort!),
  memory,
  bell: new Doorbell(words, layout.ioBell),
  bellOf: (worker) => new Doorbell(worker.words, worker.layout.bell),
  spills,
  tellSpills(worker, port) {
    const old = told.get(worker)
    if (old !== undefined) spills.untell(old)
    old?.close()
    told.delete(worker)
    if (port === undefined) return
    told.set(worker, port)
    spills.tell(port)
  },
  options,
}).start()
