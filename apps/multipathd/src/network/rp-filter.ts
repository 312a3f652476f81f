import type { Host } from './host.ts'

const STRICT = 1

/**
 * What to do about a filter that drops answers, since they come in on another line than the kernel would take for the
 * way back; undefined when there is none.
 */
export function strictFilterAdvice(host: Host, device: string): string | undefined {
  const own = valueOf(host, device)
  // The larger of both counts.
  if (Math.max(own, valueOf(host, 'all')) !== STRICT) return undefined
  return (
    `the kernel drops what comes in on ${device} from where it would not send to that way (rp_filter 1): ` +
    `\`sysctl -w net.ipv4.conf.${device}.rp_filter=2\`, or have routes set (manageRoutes)`
  )
}

const valueOf = (host: Host, of: string): number => Number(host.sysctl(`net/ipv4/conf/${of}/rp_filter`) ?? 0)
