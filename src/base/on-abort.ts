// Listening to an AbortSignal, however many do. [pure: any thread]
import { setMaxListeners } from 'node:events'

/** Calls back once when the signal fires (not if it has fired already); returns how to stop listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  // Node 20 and 22 print a warning at the eleventh listener, and one signal may bound hundreds of requests.
  setMaxListeners(0, signal)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
