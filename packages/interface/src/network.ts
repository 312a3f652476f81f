/** An address of an interface that sockets may leave from. */
export interface InterfaceAddress {
  /** IPv4 or IPv6, as `192.0.2.7` or `2001:db8::7` (RFC 5952). Never one that is valid on its link only. */
  readonly ip: string
  /** It still works but is about to go, as a temporary address of IPv6 that has a successor. */
  readonly isDeprecated: boolean
}

/** A network interface of this machine. */
export interface NetworkInterface {
  readonly name: string
  /** Switched on and with a carrier: packets can leave. */
  readonly isUp: boolean
  readonly addresses: readonly InterfaceAddress[]
}

/** Tells what becomes of the interfaces of this machine. */
export interface NetworkWatch {
  /** How it finds out: `netlink`, `polling`, `memory`. */
  readonly backend: string
  /** Begins to watch; called once. `onInterfaces` follows soon with all there are. */
  start(handler: NetworkHandler): void
  /** Ends it: nothing is called any more. Idempotent. */
  close(): void
}

/** Who hears of interfaces. Its methods must not throw. */
export interface NetworkHandler {
  /** All interfaces there are, in the order they were made. Called first for those there are, then when one differs. */
  onInterfaces(interfaces: readonly NetworkInterface[]): void
  /** Routes of the main table, or policy rules, came or went: said by backends that can tell, also when nothing came of it. */
  onRoutes(): void
}
