// Listening to an AbortSignal, however many do. [pure: any thread]
import { setMaxListeners } from 'node:events'

/** Settles as the promise does, or rejects with the signal's reason when that comes first; `aborted` is told then. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, aborted = () => {}): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const fired = () => {
      reject(signal.reason)
      aborted()
    }
    const stop = onAbort(signal, fired)
    promise.finally(stop).then(resolve, reject)
    if (signal.aborted) fired()
  })
}

/** What the promise resolves to; undefined when the signal fired before. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => resolve(undefined))
    promise.finally(stop).then(resolve, reject)
    if (signal.aborted) resolve(undefined)
  })
}

/** Calls back once when the signal fires (not if it has fired already); returns how to stop listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  // Node 20 and 22 print a warning at the eleventh listener, and one signal may bound hundreds of requests.
  setMaxListeners(0, signal)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
