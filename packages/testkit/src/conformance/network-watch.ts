import type { NetworkInterface, NetworkWatch } from '@mp/interface'
import { expect } from 'vitest'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'
import type { Wait } from './wait.ts'

/** A watch and the hands on the machine it watches. */
export interface NetworkWatchFixture extends Fixture {
  readonly watch: NetworkWatch
  readonly wait: Wait
  /** Makes an interface that is up and has this address and no other that counts. */
  readonly add: (name: string, ip: string) => void
  /** Gives it this address in place of the one it has. */
  readonly readdress: (name: string, ip: string) => void
  /** Takes the carrier from it. It need not be listed any more then. */
  readonly setDown: (name: string) => void
  readonly remove: (name: string) => void
}

/** The contract {@link NetworkWatch}. */
export function testNetworkWatch(options: SuiteOptions<NetworkWatchFixture>): void {
  defineSuite('NetworkWatch', tests, options)
}

/** Starts the watch and keeps what it tells. */
function listen({ watch }: NetworkWatchFixture) {
  const told: (readonly NetworkInterface[])[] = []
  watch.start({ onInterfaces: (interfaces) => void told.push(interfaces), onRoutes: () => {} })
  const find = (name: string): NetworkInterface | undefined => told.at(-1)?.find((each) => each.name === name)
  const ips = (name: string): string[] => (find(name)?.addresses ?? []).map(({ ip }) => ip)
  return { told, find, ips }
}

const tests: Tests<NetworkWatchFixture> = {
  'what is there at the start is told first, not from within start': async (fixture) => {
    fixture.add('wwan0', '192.0.2.7')
    const { told, find, ips } = listen(fixture)
    expect(told).toEqual([])
    await fixture.wait.until(() => told.length > 0)
    expect(find('wwan0')?.isUp).toBe(true)
    expect(ips('wwan0')).toEqual(['192.0.2.7'])
  },

  'an interface comes and goes': async (fixture) => {
    const { told, find } = listen(fixture)
    await fixture.wait.until(() => told.length > 0)
    fixture.add('wwan0', '192.0.2.7')
    await fixture.wait.until(() => find('wwan0')?.addresses.length === 1)
    fixture.remove('wwan0')
    await fixture.wait.until(() => find('wwan0') === undefined)
  },

  'a carrier goes': async (fixture) => {
    fixture.add('wwan0', '192.0.2.7')
    const { find } = listen(fixture)
    await fixture.wait.until(() => find('wwan0')?.isUp === true)
    fixture.setDown('wwan0')
    await fixture.wait.until(() => find('wwan0')?.isUp !== true)
  },

  'another address takes the place of one, of IPv6 too': async (fixture) => {
    fixture.add('wwan0', '192.0.2.7')
    const { ips } = listen(fixture)
    await fixture.wait.until(() => ips('wwan0').join() === '192.0.2.7')
    fixture.readdress('wwan0', '2001:db8::7')
    await fixture.wait.until(() => ips('wwan0').join() === '2001:db8::7')
  },

  'two interfaces are told apart': async (fixture) => {
    const { ips } = listen(fixture)
    fixture.add('wwan0', '192.0.2.7')
    fixture.add('wwan1', '192.0.2.8')
    await fixture.wait.until(() => [...ips('wwan0'), ...ips('wwan1')].join() === '192.0.2.7,192.0.2.8')
  },

  'the same is not told twice in a row': async (fixture) => {
    const { told, find } = listen(fixture)
    fixture.add('wwan0', '192.0.2.7')
    await fixture.wait.until(() => find('wwan0')?.addresses.length === 1)
    fixture.remove('wwan0')
    await fixture.wait.until(() => find('wwan0') === undefined)
    await fixture.wait.settle()
    const texts = told.map((each) => JSON.stringify(each))
    expect(texts.filter((text, index) => text === texts[index - 1])).toEqual([])
  },

  'nothing is told after close': async (fixture) => {
    const { told } = listen(fixture)
    await fixture.wait.until(() => told.length > 0)
    fixture.watch.close()
    fixture.watch.close()
    const before = told.length
    fixture.add('wwan0', '192.0.2.7')
    await fixture.wait.settle()
    expect(told).toHaveLength(before)
  },

  'it is started once, and not after close': (fixture) => {
    listen(fixture)
    expect(() => listen(fixture)).toThrow(/once/)
    fixture.watch.close()
  },
}
