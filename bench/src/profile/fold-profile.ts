// Folds a CPU profile of V8 into a tree of named frames with their times. Pure.

/** As written by `node --cpu-prof`; times in microseconds of the monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** What a frame is called, and where it is: a file of ours, a package, Node. */
export interface FrameName {
  readonly name: string;
  readonly place: string;
}

export interface Frame extends FrameName {
  selfUs: number;
  totalUs: number;
  readonly children: Map<string, Frame>;
}

/** Part of the profile to look at, on the clock of its `startTime`. */
export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Waiting is no work. */
const idle = '(idle)';

/** @returns the root; its total is the busy time in the window. */
export function foldProfile(
  profile: CpuProfile, window: Window, nameOf: (frame: CallFrame) => FrameName,
): Frame {
  const stacks = stacksOf(profile, nameOf);
  const root = newFrame({ name: 'all', place: '' });
  let timeUs = profile.startTime;
  profile.samples.forEach((id, index) => {
    const tookUs = profile.timeDeltas[index] ?? 0;
    timeUs += tookUs;
    const stack = stacks.get(id);
    if (stack === undefined || timeUs < window.fromUs || timeUs > window.toUs) return;
    add(root, stack, tookUs);
  });
  return root;
}

/** Stack of frame names by node; none for idle nodes. */
function stacksOf(
  { nodes }: CpuProfile, nameOf: (frame: CallFrame) => FrameName,
): Map<number, readonly FrameName[]> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stacks = new Map<number, readonly FrameName[]>();
  const [root] = nodes;
  const open = root === undefined ? [] : [{ node: root, above: [] as readonly FrameName[] }];
  // Grows while it is walked.
  for (const { node, above } of open) {
    const { functionName } = node.callFrame;
    if (functionName === idle) continue;
    const stack = functionName === '(root)' ? above : [...above, nameOf(node.callFrame)];
    stacks.set(node.id, stack);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) open.push({ node: child, above: stack });
    }
  }
  return stacks;
}

function add(root: Frame, stack: readonly FrameName[], tookUs: number): void {
  let frame = root;
  frame.totalUs += tookUs;
  for (const named of stack) {
    const key = `${named.name} ${named.place}`;
    let child = frame.children.get(key);
    if (child === undefined) {
      child = newFrame(named);
      frame.children.set(key, child);
    }
    child.totalUs += tookUs;
    frame = child;
  }
  frame.selfUs += tookUs;
}

function newFrame({ name, place }: FrameName): Frame {
  return { name, place, selfUs: 0, totalUs: 0, children: new Map() };
}
