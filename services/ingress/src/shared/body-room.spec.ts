import { describe, expect, it } from '@jest/globals';
import { BodyRoom } from './body-room';

describe('room for bodies', () => {
  it('is given until it is full, and again when it was given back', () => {
    const room = new BodyRoom(100);
    const hold = room.take(60);
    expect(room.take(50)).toBeNull();
    expect(room.take(40)).not.toBeNull();
    hold?.keep(0);
    expect(room.bytes).toBe(40);
    expect(room.take(60)).not.toBeNull();
  });

  it('is given back once, however often its end is seen', () => {
    const room = new BodyRoom(100);
    const hold = room.take(60);
    hold?.keep(0);
    hold?.keep(0);
    expect(room.bytes).toBe(0);
  });

  it('is given back in part when a body is smaller than it might have been', () => {
    const room = new BodyRoom(100);
    const hold = room.take(100);
    hold?.keep(10);
    expect(room.bytes).toBe(10);
    hold?.keep(0);
    expect(room.bytes).toBe(0);
  });

  it('is there for one body larger than all of it, alone', () => {
    const room = new BodyRoom(10);
    expect(room.take(50)).not.toBeNull();
    expect(room.take(1)).toBeNull();
  });
});
