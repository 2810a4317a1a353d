// Another gateway that somebody else started: measured from outside only.
import { type Peer } from '../options';
import { completes } from './program';
import { type Simulator } from './simulator';
import { model, type System, type Target, type UpstreamName } from './system';

/** @throws Error when it does not answer a first request. */
export async function reachPeer(peer: Peer, simulator: Simulator): Promise<System> {
  const steered = Object.values(peer.headers).some((value) => value.includes('{upstream}'));
  const target = (upstream: UpstreamName): Target | null => {
    // One that is configured by hand has one upstream, whatever it is.
    if (!steered && upstream !== 'now') return null;
    const headers = Object.entries(peer.headers).map(([name, value]) =>
      [name, value.replaceAll('{upstream}', simulator.baseUrl(upstream))] as const);
    return { baseUrl: `${peer.url}/v1`, headers: Object.fromEntries(headers), model };
  };
  const first = target('now');
  if (first === null || !await completes(first)) {
    throw new Error(`peer ${peer.name} does not answer POST ${peer.url}/v1/chat/completions`);
  }
  return {
    name: peer.name, version: null, streams: false, target,
    on: 'as its operator set it up', off: 'unknown to us',
    processes: () => Promise.resolve([]),
    stop: () => Promise.resolve(),
  };
}
