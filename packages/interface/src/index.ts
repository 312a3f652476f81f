/**
 * The contracts between the packages of multipathd: types only, no code.
 *
 * A contract is here when one package implements it and another uses it. Each has one conformance suite in
 * `@mp/testkit/conformance` that runs against every implementation.
 *
 * @packageDocumentation
 */
export type { AeadKey, BatchAead, OpenRun, SealRun } from './aead.ts'
export type { PacketBatch, PacketPool } from './batch.ts'
export type { AeadBox, CipherName, Crypto, KeyPair } from './crypto.ts'
export type { DatagramHandler, DatagramSocket, DatagramStats } from './socket.ts'
export type { Drops } from './drops.ts'
export type { Fragmenter, FragmenterStats } from './fragmenter.ts'
export type {
  DialOptions,
  FrameHandler,
  FrameSource,
  Link,
  LinkStats,
  Listener,
  ListenerStats,
  Transport,
} from './link.ts'
export type { Machine } from './machine.ts'
export type { InterfaceAddress, NetworkHandler, NetworkInterface, NetworkWatch } from './network.ts'
export type { PathReport } from './report.ts'
export type { Runtime, Timer } from './runtime.ts'
export type {
  ClassModes,
  PathEstimate,
  PathMode,
  PathRole,
  PickRequest,
  Refusal,
  Schedulable,
  Scheduler,
} from './scheduler.ts'
export type { FrameStream, FrameStreamHandler, FrameStreamStats } from './stream.ts'
export type { TunDevice, TunHandler, TunStats } from './tun.ts'
