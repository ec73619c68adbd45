import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { type Answer, type FileServer, startFileServer } from './file-server.ts';

export interface TarEntry {
  readonly path: string;
  readonly content: Uint8Array;
  /** Default: a plain file. */
  readonly link?: string;
}

/** A tarball like npm's, but with whatever paths and types the test wants. */
export function tarball(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, content, link }) => {
    const type = link === undefined ? 'File' : 'SymbolicLink';
    const header = new Header({ path, type, size: content.length, mode: 0o644, ...(link ? { linkpath: link } : {}) });
    const block = Buffer.alloc(512);
    header.encode(block);
    return [block, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]), { level: 1 });
}

/** A registry with the one package "weights" 1.0.0; `answer` sends its tarball. */
export async function startNpmRegistry(answer: Answer): Promise<FileServer> {
  const answers: Record<string, Answer> = {};
  const server = await startFileServer(answers);
  const dist = { tarball: `${server.origin}/weights/-/weights-1.0.0.tgz` };
  const packument = {
    name: 'weights',
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { name: 'weights', version: '1.0.0', dist } },
  };
  answers['/weights'] = (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(packument));
  answers['/weights/-/weights-1.0.0.tgz'] = answer;
  return server;
}
