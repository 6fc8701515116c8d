import { BlockList, isIPv6 } from 'node:net'

/** What an address leads to, as far as fetching a dataset is concerned. */
export type Reach = 'public' | 'private' | 'forbidden'

/** Loopback and private networks: only for a source that says `allowPrivateAddresses`. */
const privateNetworks = networks([
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['::1', 128],
  ['fc00::', 7],
  ['fec0::', 10],
])

/**
 * Never: link-local (a cloud's metadata service answers there), "this host", multicast, reserved, and the IPv6 ranges that
 * carry an IPv4 address inside and could lead to any of these by a detour.
 */
const forbiddenNetworks = networks([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fe80::', 10],
  ['ff00::', 8],
])

export function reachOf(address: string): Reach {
  const bare = address.replace(/%.*$/, '')
  const family = isIPv6(bare) ? 'ipv6' : 'ipv4'
  if (privateNetworks.check(bare, family)) return 'private'
  return forbiddenNetworks.check(bare, family) ? 'forbidden' : 'public'
}

function networks(ranges: readonly (readonly [network: string, prefix: number])[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, isIPv6(network) ? 'ipv6' : 'ipv4')
  return list
}
