// Health of a process as /health/ready shows it: each dependency by name and state.

export type DependencyState = 'up' | 'down' | 'degraded';

export interface Dependency {
  readonly state: DependencyState;
  readonly detail?: string;
}

export type Phase = 'starting' | 'ready' | 'draining';

/** One per process; slices set their dependency, the health controller reads it. */
export class Health {
  phase: Phase = 'starting';
  readonly dependencies = new Map<string, Dependency>();

  set(name: string, state: DependencyState, detail?: string): void {
    this.dependencies.set(name, detail === undefined ? { state } : { state, detail });
  }

  /** 503 only while starting or draining, so that clients get our own 503 with its reason. */
  report(): { status: number; body: Record<string, unknown> } {
    return {
      status: this.phase === 'ready' ? 200 : 503,
      body: { status: this.phase, dependencies: Object.fromEntries(this.dependencies) },
    };
  }
}
