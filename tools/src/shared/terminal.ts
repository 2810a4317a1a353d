// What the commands say: progress for people on standard error, results on standard output.

export interface Terminal {
  /** A person reads it: secrets may be shown, lines may be long. */
  readonly interactive: boolean;
  /** What is going on. */
  progress(message: string): void;
  /** The result. */
  print(text: string): void;
}

export function terminal(json = false): Terminal {
  return {
    interactive: process.stdout.isTTY && !json,
    progress: (message) => { process.stderr.write(`${message}\n`); },
    print: (text) => { process.stdout.write(`${text}\n`); },
  };
}
