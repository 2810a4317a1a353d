// Specs for deciders: given what has happened, when a command comes, then these events follow.
import { expect } from '@jest/globals';

export interface Decider<Command, Event, State> {
  readonly decide: (command: Command, state: State) => Event | readonly Event[];
  readonly evolve: (state: State, event: Event) => State;
  readonly initialState: () => State;
}

export interface When<Event> {
  /** Exactly these events, in this order. */
  then(expected: readonly Partial<Event>[]): void;
  thenNothing(): void;
  /** For whatever a partial match cannot say. */
  thenSatisfies(check: (events: readonly Event[]) => void): void;
}

export interface Given<Command, Event> {
  when(command: Command): When<Event>;
}

/** `const given = specFor(decider); given([…]).when(…).then([…])` */
export function specFor<Command, Event, State>(
  { decide, evolve, initialState }: Decider<Command, Event, State>,
): (history: readonly Event[]) => Given<Command, Event> {
  return (history) => ({
    when: (command) => {
      const state = history.reduce<State>((folded, event) => evolve(folded, event), initialState());
      const decided = decide(command, state);
      const events = (Array.isArray(decided) ? decided : [decided]) as readonly Event[];
      return {
        then: (expected) => expect(events).toMatchObject(expected),
        thenNothing: () => expect(events).toEqual([]),
        thenSatisfies: (check) => check(events),
      };
    },
  });
}
