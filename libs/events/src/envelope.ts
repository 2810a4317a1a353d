export const newEvent = (): number => 1;
