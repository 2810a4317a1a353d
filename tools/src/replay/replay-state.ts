// `holdfast replay --at` and `--diff`: what the system was at a moment, and what changed between two.
import { type AccessFlags, adminAccess } from '../shared/access';
import { Failure } from '../shared/failure';
import { terminal } from '../shared/terminal';
import { askState, type ProjectionName, projectionNames, type State } from './ask-state';
import { compareStates } from './compare-states';
import { changesTable, stateHead, stateTable } from './show-state';

export interface StateFlags extends AccessFlags {
  readonly projection?: string;
  readonly tenant?: string;
  readonly subject?: string;
  readonly fromBeginning?: boolean;
  readonly json?: boolean;
}

export async function showState(at: string, flags: StateFlags): Promise<void> {
  const [projection, more] = projectionsOf(flags);
  if (projection === undefined || more !== undefined) {
    throw new Failure(`Say which: --projection ${projectionNames.join(' | ')}.`);
  }
  const out = terminal(flags.json);
  const state = await ask(at, projection, flags);
  if (flags.json === true) { out.print(JSON.stringify({ projection, ...state })); return; }
  out.print(`${stateHead(projection, state)}\n\n${stateTable(projection, state)}`);
}

/** Of one projection, or of all of them. */
export async function showDiff(moments: readonly string[], flags: StateFlags): Promise<void> {
  const [from, to, more] = moments;
  if (from === undefined || to === undefined || more !== undefined) {
    throw new Failure('Give two moments: --diff 1200 2026-11-26T10:00:00Z.');
  }
  const out = terminal(flags.json);
  const projections = projectionsOf(flags);
  // First all of one moment, then all of the other: each is folded once.
  const before = await askAll(from, projections, flags);
  const after = await askAll(to, projections, flags);
  const diffs = projections.map((projection, index) => {
    const [was, is] = [before[index] as State, after[index] as State];
    return { projection, from: was.at, to: is.at, changes: compareStates(was.entries, is.entries) };
  });
  if (flags.json === true) { out.print(JSON.stringify(diffs)); return; }
  for (const { projection, from: was, to: is, changes } of diffs) {
    out.print(`${projection}: from commit ${was.sequence} (${was.evaluated_at}) to ${is.sequence} (${
      is.evaluated_at})\n\n${changesTable(projection, changes)}\n`);
  }
}

async function askAll(
  at: string, projections: readonly ProjectionName[], flags: StateFlags,
): Promise<State[]> {
  const states: State[] = [];
  for (const projection of projections) states.push(await ask(at, projection, flags));
  return states;
}

async function ask(at: string, projection: ProjectionName, flags: StateFlags): Promise<State> {
  const { url, token } = await adminAccess(flags, process.env);
  return askState({ url, key: token }, {
    at, projection, tenant: flags.tenant ?? null, subject: flags.subject ?? null,
    fromBeginning: flags.fromBeginning === true,
  }, (message) => terminal(flags.json).progress(message));
}

function projectionsOf({ projection, tenant }: StateFlags): readonly ProjectionName[] {
  const named = projectionNames.filter((name) => projection === undefined || name === projection);
  if (named.length === 0) {
    throw new Failure(`There is no projection "${projection}": ${projectionNames.join(', ')}.`);
  }
  // Without one named, of those that have tenants.
  return projection === undefined && tenant !== undefined
    ? named.filter((name) => name !== 'health' && name !== 'routes') : named;
}
