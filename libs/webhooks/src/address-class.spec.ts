// Which addresses webhooks may go to.
import { describe, expect, test } from '@jest/globals';
import { isPublicAddress } from './address-class';

describe('a webhook goes to', () => {
  test.each([
    '1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0',
    '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '198.17.0.1', '223.255.255.255',
    '2606:4700:4700::1111', '2a00:1450:4001::200e', '::ffff:8.8.8.8', '64:ff9b::808:808',
    '2002:808:808::1',
  ])('%s', (address) => expect(isPublicAddress(address)).toBe(true));
});

describe('a webhook does not go to', () => {
  test.each([
    ['this host', '0.0.0.0'], ['this network', '0.1.2.3'], ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'], ['private', '10.1.2.3'], ['private', '172.16.0.1'],
    ['private', '172.31.255.255'], ['private', '192.168.1.1'], ['carrier NAT', '100.64.0.1'],
    ['carrier NAT', '100.127.255.255'], ['link-local', '169.254.169.254'],
    ['benchmarking', '198.19.0.1'], ['documentation', '203.0.113.9'], ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'], ['broadcast', '255.255.255.255'],
    ['IPv6 loopback', '::1'], ['unspecified', '::'], ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'], ['unique local', 'fd00::1'],
    ['unique local', 'fc00::1'], ['site local', 'fec0::1'], ['multicast', 'ff02::1'],
    ['documentation', '2001:db8::1'], ['Teredo', '2001:0:1::1'], ['discard', '100::1'],
    ['mapped loopback', '::ffff:127.0.0.1'], ['mapped loopback in hex', '::ffff:7f00:1'],
    ['mapped private', '::ffff:10.0.0.1'], ['translated private', '::ffff:0:10.0.0.1'],
    ['NAT64 of a private one', '64:ff9b::a00:1'], ['6to4 of a private one', '2002:c0a8:1::1'],
    ['compatible', '::10.0.0.1'], ['nonsense', 'localhost'], ['nonsense', '1.2.3'],
    ['nonsense', '1.2.3.400'], ['nonsense', ':::'], ['nonsense', '1:2:3:4:5:6:7:8:9'],
  ])('%s (%s)', (_, address) => expect(isPublicAddress(address)).toBe(false));
});
