// The proxy itself: it passes everything on, and does each wrong that it is told to do.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ChaosProxy } from './chaos-proxy.ts'

let echo: Server
let heard: Buffer[]
let proxy: ChaosProxy

beforeEach(async () => {
  heard = []
  echo = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      heard.push(bytes)
      socket.write(bytes)
    })
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  proxy = await ChaosProxy.start(`127.0.0.1:${(echo.address() as AddressInfo).port}`, { seed: 7 })
})

afterEach(async () => {
  await proxy.close()
  echo.close()
})

async function dial(): Promise<Socket> {
  const socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1')
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  return socket
}

/** What comes back until `bytes` are there or the connection ends. */
async function answer(socket: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= bytes) break
    }
  } catch {
    // A reset: what came before it counts.
  }
  return Buffer.concat(chunks)
}

const pattern = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))

test('passes everything on, whole or in slices with delays', async () => {
  const socket = await dial()
  socket.write(pattern)
  expect((await answer(socket, pattern.length)).equals(pattern)).toBe(true)
  Object.assign(proxy.faults, { sliceBytes: 1000, jitterMs: 1 })
  heard = []
  socket.write(pattern.subarray(0, 20_000))
  expect((await answer(socket, 20_000)).equals(pattern.subarray(0, 20_000))).toBe(true)
  expect(heard.length).toBeGreaterThan(1)
  socket.destroy()
})

test('cuts at the byte, in either direction, once', async () => {
  for (const direction of ['requests', 'answers'] as const) {
    heard = []
    const socket = await dial()
    proxy.cutAfter(17, direction)
    socket.write(pattern.subarray(0, 40))
    const came = await answer(socket, 40)
    expect(came.length).toBeLessThanOrEqual(17)
    await expect.poll(() => Buffer.concat(heard).length).toBe(direction === 'requests' ? 17 : 40)
    await expect.poll(() => proxy.connectionCount).toBe(0)
  }
  const socket = await dial()
  socket.write('again')
  expect(String(await answer(socket, 5))).toBe('again')
  socket.destroy()
})

test('swallows one direction while the connection stays up', async () => {
  const socket = await dial()
  proxy.faults.swallow = 'answers'
  socket.write('lost')
  await expect.poll(() => proxy.swallowedBytes).toBe(4)
  expect(Buffer.concat(heard).toString()).toBe('lost')
  proxy.calm()
  // The echo of what was swallowed never comes.
  socket.write('kept')
  expect(String(await answer(socket, 4))).toBe('kept')
  proxy.faults.swallow = 'requests'
  heard = []
  socket.write('nothing')
  await expect.poll(() => proxy.swallowedBytes).toBe(11)
  proxy.cut()
  await expect.poll(() => socket.destroyed).toBe(true)
  expect(heard).toEqual([])
})

test('refuses connections, and cuts them after a random number of bytes', async () => {
  proxy.faults.refuse = true
  const refused = await dial()
  await expect.poll(() => refused.destroyed || refused.readableEnded).toBe(true)
  proxy.calm()
  proxy.faults.cutEveryBytes = 10_000
  const socket = await dial()
  socket.write(pattern)
  expect((await answer(socket, pattern.length)).length).toBeLessThan(pattern.length)
})
