import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reachOf } from '../../../services/intake/fetch/addresses.ts'

const expected = {
  public: ['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'],
  private: [
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
  ],
  forbidden: [
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fe80::1',
    'fe80::1%eth0',
    '0.0.0.0',
    '::',
    '::127.0.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'ff02::1',
  ],
} as const

for (const [reach, addresses] of Object.entries(expected)) {
  test(`addresses that are ${reach} are known as such, however they are written`, () => {
    for (const address of addresses) assert.equal(reachOf(address), reach, address)
  })
}
