import { TrafficClass } from './format.ts'
import { IpProtocol } from './ip.ts'
import type { IpHeader } from './ip.ts'

/** Larger packets are not critical, whatever they are: the class may be sent twice, so it has to stay cheap. */
export const MAX_CRITICAL_BYTES = 200
const DNS_PORT = 53
const TCP_FIN_SYN_RST = 0x07
/** Class selector 5. EF (46) and the selectors 6 and 7 are above it, and so is all that asks for more. */
const DSCP_CS5 = 40
const ECHO_REPLY = 0
const ECHO_REQUEST = 8
const ECHO_REQUEST_V6 = 128
const ECHO_REPLY_V6 = 129

/**
 * The traffic class an inner packet has by itself: `critical` when it is at most 200 bytes long and its loss or
 * delay would be felt at once (DNS, TCP SYN, FIN and RST, echo, DSCP EF and CS5 or more), or it is a TCP acknowledgement
 * without data: that says all that the ones before said, so waiting for one of them would only hold up the sender. All else is
 * `bulk`. That a flow is `interactive` shows only from its behaviour, which is not looked at here.
 * @param lengthBytes The whole packet, bytes.
 */
export function classify(ip: IpHeader, lengthBytes: number): number {
  const critical = lengthBytes <= MAX_CRITICAL_BYTES && isUrgent(ip)
  return critical ? TrafficClass.critical : TrafficClass.bulk
}

function isUrgent(ip: IpHeader): boolean {
  if (ip.dscp >= DSCP_CS5 || (ip.tcpFlags & TCP_FIN_SYN_RST) !== 0 || ip.tcpPayloadBytes === 0) return true
  if (ip.sourcePort === DNS_PORT || ip.destinationPort === DNS_PORT) return true
  return ip.protocol === IpProtocol.icmp
    ? ip.icmpType === ECHO_REQUEST || ip.icmpType === ECHO_REPLY
    : ip.icmpType === ECHO_REQUEST_V6 || ip.icmpType === ECHO_REPLY_V6
}
