// Makes identifiers, at the edges only: UUIDv7 (time-ordered) with a prefix that says what it is.
import { v7 } from 'uuid';

export const newEventId = (): string => v7();
export const newJobId = (): string => `job_${v7().replaceAll('-', '')}`;
export const newAttemptId = (): string => `att_${v7().replaceAll('-', '')}`;
export const newInstanceId = (service: string): string => `${service}-${v7().slice(-12)}`;
