// How each fault is done; the compiler sees to it that none is missing.
import { type FaultKind } from '../plan/kinds';
import {
  deliverTwice, fillDisk, fillLog, type Injection, jumpClock, kill, losePower, pause, poison,
  stopPostgres,
} from './process-faults';
import {
  providerAway, providerDrips, providerFails, providerGarbage, providerHangs, providerLimits,
  providerRefuses, providerResets, providerStalls,
} from './provider-faults';
import { receiverDown, receiverFails, receiverGone, receiverSlow } from './receiver-faults';

export const injections: Readonly<Record<FaultKind, Injection>> = {
  'kill ingress': kill('ingress'),
  'kill router': kill('router'),
  'kill workers': kill('workers'),
  'kill audit': kill('audit'),
  'kill nats': kill('nats'),
  'restart nats': kill('nats', 'SIGTERM'),
  'stop postgres': stopPostgres,
  'kill postgres': kill('postgres'),
  'pause postgres': pause('postgres'),
  'pause ingress': pause('ingress'),
  'pause router': pause('router'),
  'pause workers': pause('workers'),
  'pause audit': pause('audit'),
  'pause nats': pause('nats'),
  'duplicate deliveries': deliverTwice,
  'poison messages': poison,
  'clock jump ingress': jumpClock('ingress'),
  'clock jump router': jumpClock('router'),
  'clock jump workers': jumpClock('workers'),
  'clock jump audit': jumpClock('audit'),
  'log nearly full': fillLog,
  'power loss': losePower,
  'disk full': fillDisk,
  'provider refuses': providerRefuses,
  'provider hangs': providerHangs,
  'provider stalls': providerStalls,
  'provider resets': providerResets,
  'provider drips': providerDrips,
  'provider limits': providerLimits,
  'provider fails': providerFails,
  'provider talks garbage': providerGarbage,
  'provider away': providerAway,
  'receiver down': receiverDown,
  'receiver slow': receiverSlow,
  'receiver fails': receiverFails,
  'receiver gone': receiverGone,
};
