import { BlockList, isIP } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** Addresses inside a network of one's own, and those that never name a host. RFC 1918, 3927, 4193, 4291, 6598. */
const ownNetwork = new BlockList()
ownNetwork.addSubnet('0.0.0.0', 8)
ownNetwork.addSubnet('10.0.0.0', 8)
ownNetwork.addSubnet('100.64.0.0', 10)
ownNetwork.addSubnet('169.254.0.0', 16)
ownNetwork.addSubnet('172.16.0.0', 12)
ownNetwork.addSubnet('192.168.0.0', 16)
ownNetwork.addAddress('::', 'ipv6')
ownNetwork.addSubnet('fc00::', 7, 'ipv6')
ownNetwork.addSubnet('fe80::', 10, 'ipv6')

/** Whether an IP address (without brackets) is this machine, inside a private network, or out in the world. */
export function reachOf(ip: string): 'loopback' | 'private' | 'public' {
  const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4'
  if (loopback.check(ip, family)) return 'loopback'
  return ownNetwork.check(ip, family) ? 'private' : 'public'
}

/**
 * What is wrong with an inbox address, or null. Host names are judged by name only: what they resolve to is for whoever connects.
 * Citizens' messages leave this machine by https only.
 */
export function inboxAddressProblem(address: string, allowPrivateAddress: boolean): string | null {
  const url = URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an address that starts with https://'
  if (url.username || url.password) return 'must not contain a user name or password'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const reach = isIP(host) ? reachOf(host) : /(^|\.)localhost\.?$/.test(host) ? 'loopback' : 'public'
  if (reach === 'loopback') return null
  if (url.protocol === 'http:')
    return 'must start with https:// (http:// only on this machine: 127.0.0.1, localhost, [::1])'
  if (reach === 'private' && !allowPrivateAddress)
    return 'is an address of a private network: set allowPrivateAddress: true if that is intended'
  return null
}
