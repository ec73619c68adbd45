import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { PAPER_NETWORKS } from '../core/model/paper-facts.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { writeTorchZip } from '../core/model/writers/torch-writer.ts';
import { temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

it.each([
  ['leftthomas', 4],
  // Smaller than the least that its attention takes in torch.
  ['rfdn', 4],
])('the command runs %s from .pth and .safetensors alike', async (file, scale) => {
  const { weights } = PAPER_NETWORKS.find((network) => network.file === file)!;
  const source = { width: 12, height: 9, channels: 3, background: '#4080c0' } as const;
  await sharp({ create: source }).png().toFile(at('in.png'));
  writeFileSync(at(`${file}.pth`), writeTorchZip(weights, { wrapper: 'state_dict', prefix: 'module.' }));
  writeFileSync(at(`${file}.safetensors`), writeSafetensors(weights));
  const results: Buffer[] = [];
  for (const extension of ['pth', 'safetensors']) {
    const result = at(`${file}-${extension}.png`);
    const { code, err } = await upreel([
      ...[at('in.png'), '-m', at(`${file}.${extension}`), '-o', result],
      ...['--device', 'cpu', '--foreground', '--no-tui'],
    ]);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    const { data, info } = await sharp(result).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 12 * scale, height: 9 * scale, channels: 3 });
    results.push(data);
  }
  expect(results[0]?.equals(results[1]!)).toBe(true);
  expect(new Set(results[0]).size).toBeGreaterThan(20);
});
