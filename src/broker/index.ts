// The public surface of `millrace/broker`. [broker]
export { Broker, type Message } from './broker.ts'
export type { TopicSpec } from './cluster.ts'
export type { Fault, FaultHook, When } from './faults.ts'
export type { Generated, GenerateOptions } from './generate.ts'
export type { RequestContext } from './handler.ts'
export type { BrokerOptions } from './options.ts'
export type { SeedItem, SeedOptions, SeedRecord } from './seed.ts'
export type { BrokerRelease, VersionOverrides, VersionRange } from './versions.ts'
