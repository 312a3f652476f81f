import type { PathSnapshot } from '../../daemon/snapshot.ts'
import { percent, span } from '../units.ts'
import { fine, trouble } from './explanation.ts'
import type { Finding } from './explanation.ts'

const WHY: Readonly<Record<string, (path: PathSnapshot) => Finding>> = {
  'no-link': () =>
    trouble(
      'Not used: it has no link to the server.',
      'See `multipathd events` for the reason; is the interface up, and has it the address of the config (`ip addr`)?',
    ),
  backup: () =>
    fine(
      'Not needed now: it is a backup, by its role or since its quota is used up, and another path works. It is probed on, ' +
        'and takes over at once when none does.',
    ),
  exhausted: () =>
    trouble(
      'Not used: all of its quota is used up, or it is about to be removed. It carries nothing but probes.',
      'It is used again when the next month of its quota begins; a larger `quota` in the config of the client and ' +
        '`multipathd reload` free it at once.',
    ),
  'link-full': ({ transport }) =>
    fine(
      transport === 'tcp'
        ? 'Not used at this moment: its connection is full.'
        : 'Not used at this moment: the machine does not take more packets for it.',
    ),
  suspect: () =>
    fine(
      'Not used at this moment: what was sent over it is not confirmed for longer than usual. It is used again as soon as ' +
        'anything is, or a probe is answered.',
    ),
  initializing: ({ stateAgeMs, localAddress, remoteAddress }) =>
    trouble(
      `Not used: no probe was answered yet, for ${span(stateAgeMs)}.`,
      `Does this line lead to the other side? \`${routeQuestion(localAddress, remoteAddress)}\` must name its interface; ` +
        'strict rp_filter and firewalls look like this too.',
    ),
  unstable: ({ stateAgeMs, probeLossRatio }) =>
    trouble(
      `Not used while others are well: for ${span(stateAgeMs)} it is on trial, ${percent(probeLossRatio)} of its probes are lost.`,
      'If it stays so, the line itself loses packets: look at signal, cable and modem.',
    ),
  lost: ({ stateAgeMs }) =>
    trouble(
      `Not used: nothing comes back for ${span(stateAgeMs)}. It is probed on, and used again when it works.`,
      'Is the line up? Can the server be reached over it, for instance with `ping -I INTERFACE`?',
    ),
}

/** Why a path is not used; undefined for one that is. */
export function whyUnused(path: PathSnapshot): Finding | undefined {
  const { isUsed, unusedReason } = path
  if (isUsed) return undefined
  return (
    WHY[unusedReason ?? '']?.(path) ?? fine(`Not used: ${(unusedReason ?? 'unknown').replaceAll('-', ' ')}.`)
  )
}

function routeQuestion(local: string | null, remote: string | null): string {
  return `ip route get ${hostOf(remote) ?? 'SERVER'} from ${hostOf(local) ?? 'ADDRESS'}`
}

/** Of `10.0.0.1:5000` or `[fd00::1]:5000`. */
function hostOf(endpoint: string | null): string | undefined {
  return endpoint?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}
