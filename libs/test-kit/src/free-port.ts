// Free ports for tests.
export { freePort } from '@libs/servers/free-port';
