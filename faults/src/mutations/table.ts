// The table of deliberate defects. Each is one that an event-sourced broker could really have.
import { type Mutation, type Patch } from './mutation';

const everywhere = ['ingress', 'router', 'workers', 'audit'] as const;

/** Every seventh commit of work fails once, before anything was done for it. */
const failsNowAndThen: Patch = {
  services: ['workers'],
  find: /if \(await this\.worker\.handle\(delivery\) === 'left'\) delivery\.leave\?\.\(\);/,
  replace: `if (delivery.commit.sequence % 7 === 0 && delivery.deliveryCount === 1) {
            throw new Error('a planted failure');
        }
        $&`,
};

/** Every seventh append of decisions loses its race, before it was made. */
const losesNowAndThen: Patch = {
  services: ['router'],
  find: /const result = (await log\.appendFenced\(subject, this\.#entry\([^)]*\), expected\));/,
  replace: `globalThis.plantedAppends = (globalThis.plantedAppends ?? 0) + 1;
            const result = globalThis.plantedAppends % 7 === 0
                ? { outcome: 'lost_race', lastSequence: expected } : $1;`,
};

export const mutations: readonly Mutation[] = [
  {
    name: 'no-message-id',
    defect: 'commits are published without a message id, so a repeat is stored twice',
    patches: [{
      services: everywhere, find: /fields\.set\('Nats-Msg-Id', msgId\);/, replace: '',
    }],
    faults: ['kill nats'], caughtBy: 1,
  },
  {
    name: 'ack-before-outcome',
    defect: 'workers acknowledge a commit when they have taken it, before its outcomes are durable',
    patches: [{
      services: ['workers'],
      find: /if \(await this\.worker\.handle\(delivery\) === 'left'\) delivery\.leave\?\.\(\);/,
      replace: 'void this.worker.handle(delivery).catch(() => undefined);',
    }],
    faults: ['kill workers'], caughtBy: 1,
  },
  {
    name: 'redelivery-runs-again',
    defect: 'a worker runs a delivery that may have run before',
    patches: [{
      services: ['workers'],
      find: /const \{ commit, mayHaveRunBefore \} = delivery;/,
      replace: 'const { commit } = delivery; const mayHaveRunBefore = false;',
    }],
    faults: ['duplicate deliveries', 'kill workers'], caughtBy: 3,
  },
  {
    name: 'lost-acks-trusted',
    defect: 'a worker takes the delivery count for the truth after the server lost its acks',
    patches: [{
      services: ['workers'],
      find: / \|\| commit\.sequence <= this\.#lastSequenceAtConnect/,
      replace: '',
    }],
    faults: ['kill nats', 'power loss'], caughtBy: 3,
  },
  {
    name: 'decided-before-appended',
    defect: 'decisions whose append failed stay decided in the owner’s mind',
    patches: [losesNowAndThen, {
      services: ['router'], find: /\(0,[\w$]+\.dropDecisions\)\(this\.state, load\);/, replace: '',
    }],
    faults: ['kill audit'], caughtBy: 1,
  },
  {
    name: 'append-loses',
    defect: 'none: a control in which every seventh append of decisions loses its race',
    patches: [losesNowAndThen],
    faults: ['kill audit'], caughtBy: null,
  },
  {
    name: 'booked-twice',
    defect: 'an outcome that is appended twice is booked twice',
    patches: [
      {
        services: ['workers'],
        find: /const at = await (\(0,[\w$]+\.keepTrying\)\(\(\)=>.*?, never\));/,
        replace: 'await $1; const at = await $1;',
      },
      {
        services: ['ingress', 'router', 'audit'],
        find: /if \(index === -1\) \{/, replace: 'if (true) {',
      },
    ],
    faults: ['kill audit'], caughtBy: 3,
  },
  {
    name: 'sequence-blind-replay',
    defect: 'a fold that starts again begins at the start of the log and does not notice',
    patches: [
      {
        services: ['router', 'audit'],
        find: /startSequence: \(this\.#received\?\.sequence \?\? 0\) \+ 1,/,
        replace: 'startSequence: 1,',
      },
      {
        services: ['router', 'audit'],
        find: /if \(commit\.sequence <= \(this\.#received\?\.sequence \?\? 0\)\) \{/,
        replace: 'if (false) {',
      },
    ],
    faults: ['restart nats', 'kill audit'], caughtBy: 6,
  },
  {
    name: 'handler-fails',
    defect: 'none: a control in which every seventh commit of work fails once, and comes again',
    patches: [failsNowAndThen],
    faults: ['kill audit'], caughtBy: null,
  },
  {
    name: 'handler-error-swallowed',
    defect: 'the transport does not see that a handler failed, and acknowledges',
    patches: [failsNowAndThen, {
      services: ['workers'],
      find: /reject\(error instanceof Error \? error : new Error\('the handler failed'[^)]*\)\);/,
      replace: 'resolve();',
    }],
    faults: ['kill audit'], caughtBy: 1,
  },
  {
    name: 'default-sync',
    defect: 'the log’s server syncs to disk every two minutes, as it does by default',
    patches: [], natsSync: 'default',
    faults: ['power loss'], caughtBy: 1,
  },
  {
    name: 'no-hold-on-budgets',
    defect: 'attempts run without a hold on their budget',
    patches: [{
      services: ['router'],
      find: /const by = BigInt\(calls - entry\.heldCalls\);/, replace: 'const by = 0n;',
    }],
    faults: ['kill audit'], caughtBy: 4,
  },
  {
    name: 'tree-skips-commits',
    defect: 'the tree that is signed leaves out every fiftieth commit; the archive itself is whole',
    patches: [{
      services: ['audit'],
      find: /for \(const line of \(0,[\w$]+\.eventLineBytes\)\(bytes\)\)leaves\.push\(/,
      replace: 'if (sequence % 50 !== 0) $&',
    }],
    faults: ['kill audit'], caughtBy: 6,
  },
];
