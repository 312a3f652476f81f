import type { NetworkHandler, NetworkInterface, NetworkWatch, Runtime } from '@mp/interface'

/** A machine in memory whose interfaces are what is said of them. */
export interface MemoryWatch extends NetworkWatch {
  /** Makes an interface, or another one of an old one. */
  set(iface: NetworkInterface): void
  /** Takes an interface away. */
  remove(name: string): void
  /** Some route came or went. */
  changeRoutes(): void
}

/** Makes a machine with nothing but what `set` gives it. What happens is told with the next timer of `runtime`. */
export function memoryWatch(runtime: Runtime): MemoryWatch {
  return new Watch(runtime)
}

class Watch implements MemoryWatch {
  readonly backend = 'memory'
  readonly #runtime: Runtime
  readonly #interfaces = new Map<string, NetworkInterface>()
  #handler: NetworkHandler | undefined
  #told = ''
  #isClosed = false

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  set(iface: NetworkInterface): void {
    this.#interfaces.set(iface.name, iface)
    this.#tellSoon()
  }

  remove(name: string): void {
    this.#interfaces.delete(name)
    this.#tellSoon()
  }

  changeRoutes(): void {
    this.#soon(() => this.#handler?.onRoutes())
  }

  start(handler: NetworkHandler): void {
    if (this.#handler !== undefined) throw new Error('start was called before: it is called once')
    if (this.#isClosed) throw new Error('start was called after close')
    this.#handler = handler
    this.#tellSoon()
  }

  close(): void {
    this.#isClosed = true
  }

  #tellSoon(): void {
    this.#soon(() => {
      const interfaces = [...this.#interfaces.values()]
      const text = JSON.stringify(interfaces)
      if (this.#handler === undefined || text === this.#told) return
      this.#told = text
      this.#handler.onInterfaces(interfaces)
    })
  }

  #soon(tell: () => void): void {
    this.#runtime.setTimer(this.#runtime.nowMs(), () => {
      if (!this.#isClosed) tell()
    })
  }
}
