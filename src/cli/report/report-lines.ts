/** Lines to a stream whose reader may go away at any time: then they are dropped, and nothing fails. */
export interface LineWriter {
  /** One line or several, each with its line feed. */
  write(lines: string): void;
  /** Resolves when all is written or the reader has gone. */
  flush(): Promise<void>;
}

export function openLineWriter(stream: NodeJS.WritableStream): LineWriter {
  let isLost = false;
  // Stays for the life of the stream: EPIPE also arrives after the last write.
  stream.on('error', () => {
    isLost = true;
  });
  return {
    write(lines) {
      if (!isLost) stream.write(lines);
    },
    flush() {
      return new Promise((resolve) => {
        if (isLost) resolve();
        else stream.write('', () => resolve());
      });
    },
  };
}
