// Measures the chosen parts one after the other, and keeps each as soon as it is there.
import { loadRows } from './parts/load-rows';
import { measureGrowth } from './parts/growth';
import { measureHalfRate } from './parts/half-rate';
import { measureDecisions } from './parts/decisions';
import { measureInFlight } from './parts/in-flight';
import { measureLimits } from './parts/limits';
import { type LoadSample, measureLoadPart } from './parts/load';
import { measureProfile } from './parts/profile';
import { measureStreams } from './parts/streams';
import { commitId, thisMachine, versionsInUse } from './machine';
import { type Options, type PartName } from './options';
import { type Measured, type PartResults, type Results } from './results';
import {
  forgetUnfinished, readLatest, readUnfinished, saveLatest, saveUnfinished,
} from './saved-results';
import { type Stage } from './systems/start-systems';

/** @returns what is saved now, or what was measured where nothing is to be saved. */
export async function runParts(stage: Stage): Promise<Results> {
  const recorder = new Recorder(stage.options, await versionsInUse(), await commitId());
  for (const name of stage.options.parts) await runPart(stage, name, recorder);
  return await recorder.all();
}

/** Collects parts; `all` has those saved earlier too. */
class Recorder {
  #parts: Results['parts'] = {};
  #versions: Readonly<Record<string, string>>;

  constructor(
    readonly options: Options, versions: Readonly<Record<string, string>>,
    private readonly commit: string,
  ) {
    this.#versions = versions;
  }

  async keep<Name extends PartName>(
    name: Name, result: PartResults[Name], startedMs: number,
  ): Promise<void> {
    const measured: Measured = {
      measuredAt: new Date().toISOString(), commit: this.commit,
      tookS: Math.round((performance.now() - startedMs) / 1_000),
    };
    this.#parts = { ...this.#parts, [name]: { ...measured, ...result } };
    if (this.options.save) await saveLatest(this.#now());
  }

  noteVersion(name: string, version: string | null): void {
    if (version !== null) this.#versions = { ...this.#versions, [name]: version };
  }

  async all(): Promise<Results> {
    return this.options.save ? await readLatest() ?? this.#now() : this.#now();
  }

  #now(): Results {
    return { machine: thisMachine(), versions: this.#versions, parts: this.#parts };
  }
}

async function runPart(stage: Stage, name: PartName, recorder: Recorder): Promise<void> {
  const startedMs = performance.now();
  switch (name) {
    case 'load': await runLoad(stage, recorder, startedMs); return;
    case 'streams': await recorder.keep(name, await measureStreams(stage), startedMs); return;
    case 'half-rate': {
      const { load } = (await recorder.all()).parts;
      const rows = load === undefined ? [] : loadRows(load);
      await recorder.keep(name, await measureHalfRate(stage, rows), startedMs);
      return;
    }
    case 'limits': await recorder.keep(name, await measureLimits(stage), startedMs); return;
    case 'decisions': await recorder.keep(name, measureDecisions(), startedMs); return;
    case 'growth':
      await measureGrowth(stage, (result) => recorder.keep(name, result, startedMs));
      return;
    case 'in-flight':
      await recorder.keep(name, await measureInFlight(stage), startedMs);
      return;
    case 'profile': await recorder.keep(name, await measureProfile(stage), startedMs);
  }
}

async function runLoad(stage: Stage, recorder: Recorder, startedMs: number): Promise<void> {
  const { options } = stage;
  const before = options.resume ? await readUnfinished() : [];
  const samples: LoadSample[] = [...before];
  const result = await measureLoadPart(stage, before, async (sample) => {
    samples.push(sample);
    if (options.save) await saveUnfinished(samples);
  });
  for (const { name, version } of result.systems) recorder.noteVersion(name, version);
  await recorder.keep('load', result, startedMs);
  if (options.save) await forgetUnfinished();
}
