// A thread of its own for a broker, so that it does not share an event loop with what it feeds. [broker thread]
import { parentPort } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { toWire } from '../base/errors.ts'
import { messagePort } from '../control/port.ts'
import { Broker } from './broker.ts'
import type { BrokerCommand, BrokerReply } from './thread-commands.ts'

const port = messagePort<BrokerReply, BrokerCommand>(parentPort!)
let broker: Broker | undefined

port.onMessage(async (command) => {
  const { id } = command
  try {
    port.post({ id, value: await run(command) })
  } catch (error) {
    port.post({ id, error: toWire(error) })
  }
})

async function run(command: BrokerCommand): Promise<unknown> {
  if (command.name === 'start') {
    broker = await Broker.start(...command.args)
    return broker.addresses
  }
  assert(broker !== undefined, 'a broker thread is told to start before anything else')
  switch (command.name) {
    case 'createTopic':
      return broker.createTopic(...command.args)
    case 'deleteTopic':
      return broker.deleteTopic(...command.args)
    case 'seed':
      return broker.seed(...command.args)
    case 'generate':
      return broker.generate(...command.args)
    case 'disconnectAll':
      return broker.disconnectAll(...command.args)
    case 'close':
      return broker.close()
  }
}
