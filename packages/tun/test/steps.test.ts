import { describe, expect, it } from 'vitest'
import type { TunPlan } from '../src/options.ts'
import { existsCommand, stepsFor } from '../src/steps.ts'

const plan: TunPlan = {
  addresses: [
    { family: 4, local: '10.8.0.1', peer: undefined, prefix: 20 },
    { family: 4, local: '10.8.0.1', peer: '10.8.0.2', prefix: 32 },
    { family: 6, local: 'fd00::1', peer: undefined, prefix: 64 },
    { family: 6, local: 'fd00::1', peer: 'fd00::2', prefix: 128 },
  ],
  routes: ['10.9.0.0/16', 'fd01::/64'],
  queuePackets: 500,
}

function lines(platform: NodeJS.Platform, name: string): unknown {
  return stepsFor(platform, name, plan).map(({ command, undo }) =>
    undo === undefined ? command.join(' ') : [command.join(' '), undo.join(' ')],
  )
}

describe('setting up a device', () => {
  it('on Linux is done with ip', () => {
    expect(lines('linux', 'demo0')).toEqual([
      'ip link set dev demo0 txqueuelen 500 up',
      'ip address add 10.8.0.1/20 dev demo0',
      'ip address add 10.8.0.1 peer 10.8.0.2/32 dev demo0',
      'ip address add fd00::1/64 dev demo0 nodad',
      'ip address add fd00::1 peer fd00::2/128 dev demo0 nodad',
      ['ip route add 10.9.0.0/16 dev demo0', 'ip route del 10.9.0.0/16 dev demo0'],
      ['ip route add fd01::/64 dev demo0', 'ip route del fd01::/64 dev demo0'],
    ])
    expect(existsCommand('linux', 'demo0')).toEqual(['ip', 'link', 'show', 'dev', 'demo0'])
  })

  it('on Darwin is done with ifconfig and route', () => {
    expect(lines('darwin', 'utun7')).toEqual([
      'ifconfig utun7 inet 10.8.0.1 10.8.0.1 netmask 255.255.240.0 alias',
      'ifconfig utun7 inet 10.8.0.1 10.8.0.2 netmask 255.255.255.255 alias',
      'ifconfig utun7 inet6 fd00::1 prefixlen 64 alias',
      'ifconfig utun7 inet6 fd00::1 fd00::2 prefixlen 128 alias',
      'ifconfig utun7 up',
      [
        'route -n add -inet -net 10.9.0.0/16 -interface utun7',
        'route -n delete -inet -net 10.9.0.0/16 -interface utun7',
      ],
      [
        'route -n add -inet6 -net fd01::/64 -interface utun7',
        'route -n delete -inet6 -net fd01::/64 -interface utun7',
      ],
    ])
    expect(existsCommand('darwin', 'utun7')).toEqual(['ifconfig', 'utun7'])
  })
})
