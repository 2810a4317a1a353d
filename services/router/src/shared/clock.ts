// The time as an argument of everything that needs it, so that tests can hold it.
export type Clock = () => number;
