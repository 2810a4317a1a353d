// One process of the physical reference: `reference.js ROLE NATS_URL [SIMULATOR_URL|PORT]`.
import { connect } from '@nats-io/transport-node';
import { runBareHttp, runIngress, runRouter, runWorker } from './roles';

const [role, natsUrl = '', argument = ''] = process.argv.slice(2);
process.once('SIGTERM', () => process.exit(0));

if (role === 'http') {
  await runBareHttp(Number(argument));
} else {
  // An error trace per request costs more than the request.
  const nc = await connect({ servers: natsUrl, noAsyncTraces: true });
  if (role === 'ingress') await runIngress(nc, Number(argument));
  else if (role === 'router') await runRouter(nc);
  else if (role === 'workers') await runWorker(nc, argument);
  else throw new Error(`no role ${role}`);
}
console.log('ready');
