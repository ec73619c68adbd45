import { homedir, tmpdir } from 'node:os';
import { toErrorRecord } from '../core/errors.ts';
import type { ErrorBody } from './protocol.ts';

/** An error as clients may see it: without the places of files on this machine. */
export function publicError(error: unknown): ErrorBody {
  const { code, message, hint } = toErrorRecord(error);
  return { code, message: withoutPaths(message), hint: withoutPaths(hint) };
}

/** Absolute paths become an ellipsis and their last part. */
export function withoutPaths(text: string): string {
  const roots = [process.cwd(), homedir(), tmpdir()].filter((root) => root.length > 1);
  // First the places that are known, which may contain spaces; then whatever looks like a path.
  const shortened = roots.reduce((rest, root) => rest.replaceAll(root, '/…'), text);
  return (
    shortened
      .replace(/(?<![\p{L}\p{N}…:/])(?:\/[^\s/'"`,;:()]+)*\/(?=[^\s/'"`,;:()])/gu, '…/')
      // A folder's name with a space in it.
      .replace(/…\/[^'"`;,:\n]*\/(?=[^\s'"`/])/gu, '…/')
      .replace(/(?<![\p{L}\p{N}])(?:[A-Za-z]:|\\)\\(?:[^\s\\'"`,;]+\\)*/gu, '…\\')
  );
}
