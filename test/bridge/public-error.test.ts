import { describe, expect, test } from 'vitest';
import { withoutPaths } from '../../src/bridge/public-error.ts';

describe('what clients are told', () => {
  test.each([
    [
      'Expected sha256 a1, got b2 for /home/me/.cache/upreel/models/x4.pth.',
      'Expected sha256 a1, got b2 for …/x4.pth.',
    ],
    ['Cannot write "/var/lib/My Files/out.png".', 'Cannot write "…/out.png".'],
    ['See C:\\Users\\me\\upreel\\x.onnx now.', 'See …\\x.onnx now.'],
    ['At \\\\server\\share\\x.onnx.', 'At …\\x.onnx.'],
    ['The result would have 10x10/2 pixels, 24000/1001 fps.', 'The result would have 10x10/2 pixels, 24000/1001 fps.'],
    ['/root/secret', '…/secret'],
  ])('has no place of a file in it: %s', (text, expected) => {
    expect(withoutPaths(text)).toBe(expected);
  });
});
