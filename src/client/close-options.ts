// How a consumer is closed. [main thread]

/** What `close` takes. */
export interface CloseOptions {
  /** It settles in this time; default 5000. */
  timeoutMs?: number
  /** Whether the group is left for good: default true, but for static members, which are expected back (KIP-345). */
  leaveGroup?: boolean
}
