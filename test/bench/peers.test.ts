import { describe, expect, it } from 'vitest';

/** The benchmarks are plain JavaScript: what is asked of them here is declared here. */
interface Load {
  wallSeconds: number;
  cores: number;
  busySeconds: number;
  ownSeconds: number;
}
interface Statistics {
  othersShare(load: Load): number;
  isDisturbed(load: Load): boolean;
  orderOf(ways: string[], round: number): string[];
  bestAttempt<T extends { load: Load }>(attempts: T[]): T;
  ratios(seconds: number[], baseline: number[]): { median: number; least: number; most: number };
  difference(expected: Uint8Array, got: Uint8Array): { largest: number; share: number };
  roundsFor(secondsPerRound: number, cellSeconds: number, most: number): number;
}
interface Tables {
  peersTable(report: unknown): string;
  peakTable(report: unknown): string;
  machineLine(report: unknown): string;
  withSection(document: string, name: string, text: string): string;
}

const statistics: Statistics = await load('statistics');
const tables: Tables = await load('table');

describe('a turn of the bench of peers', () => {
  const quiet = { wallSeconds: 1, cores: 2, busySeconds: 1.97, ownSeconds: 1.95 };
  const busy = { ...quiet, ownSeconds: 1.6 };
  const busier = { ...quiet, ownSeconds: 1 };

  it('is disturbed by what others took of the cores, not by its own work', () => {
    expect(statistics.othersShare(quiet)).toBeCloseTo(0);
    expect(statistics.isDisturbed(quiet)).toBe(false);
    expect(statistics.othersShare(busy)).toBeCloseTo(0.175);
    expect(statistics.isDisturbed(busy)).toBe(true);
  });

  it('counts a short one as quiet where the counters cannot tell', () => {
    expect(statistics.isDisturbed({ wallSeconds: 0.1, cores: 2, busySeconds: 0.22, ownSeconds: 0.2 })).toBe(false);
  });

  it.each([
    ['the first quiet one', [busy, quiet, quiet], 1],
    ['the least disturbed where none was quiet', [busier, busy, busier], 1],
  ])('counts %s of its attempts', (_, loads, expected) => {
    const attempts = loads.map((load, value) => ({ load, value }));
    expect(statistics.bestAttempt(attempts).value).toBe(expected);
  });
});

describe('the rounds of the bench of peers', () => {
  it('begin with another way each, and have each once', () => {
    const ways = ['a', 'b', 'c'];
    const orders = [0, 1, 2, 3].map((round) => statistics.orderOf(ways, round).join(''));
    expect(orders).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  it.each([
    [1, 10, 7],
    [4, 10, 2],
    [100, 10, 2],
  ])('of %d s in %d s are %d', (each, cell, rounds) => {
    expect(statistics.roundsFor(each, cell, 7)).toBe(rounds);
  });

  it('are compared one by one: what slows both down in one of them does not count', () => {
    expect(statistics.ratios([2, 20, 3], [1, 10, 1])).toEqual({ median: 2, least: 2, most: 3 });
  });
});

it('compares pictures by the largest difference and by how many samples differ', () => {
  expect(statistics.difference(Uint8Array.of(1, 2, 3, 4), Uint8Array.of(1, 5, 3, 3))).toEqual({
    largest: 3,
    share: 0.5,
  });
  expect(statistics.difference(Uint8Array.of(1), Uint8Array.of(1, 1)).largest).toBe(255);
});

describe('the tables of the bench of peers', () => {
  const timed = (median: number, ratio: number, disturbed: number) => ({
    seconds: { median, least: median, most: median },
    ratio: { median: ratio, least: ratio, most: ratio },
    disturbed,
    shareOfPeak: 0.5,
  });
  const cells = [
    {
      ...{ network: 'span', side: 128, flopsPerPixel: 850_000 },
      ways: {
        upreel: timed(0.1, 1, 0),
        ncnn: { wrong: true, difference: { largest: 40, share: 1 } },
        openvino: timed(0.2, 2, 1),
        opencv: { failure: 'no such layer' },
      },
    },
  ];

  it('give milliseconds for upreel, ratios for the others, and mark what was disturbed, wrong or failed', () => {
    expect(tables.peersTable({ cells }).split('\n')).toEqual([
      '| network | side | upreel, a picture | OpenVINO | ncnn | OpenCV dnn |',
      '| --- | --- | --- | --- | --- | --- |',
      '| span | 128 | 100 ms | **2.00** (2.00..2.00) * | wrong by 40 | failed |',
    ]);
    expect(tables.peakTable({ cells })).toContain('| span | 128 | 850 | 50 % | 50 % |');
  });

  it('name the day, the machine and each program once', () => {
    const about = { torch: { about: 'PyTorch 2' }, ncnn: { about: 'ncnn 1' }, upreel: { about: { tiles: 1 } } };
    const machine = { cpu: 'A CPU', cores: 2, threads: 2, node: 'v20' };
    const report = { date: '2026-11-30T10:00:00Z', machine, cells: [{ ways: about }, { ways: about }] };
    expect(tables.machineLine(report)).toBe('2026-11-30, A CPU, 2 threads, Node v20: PyTorch 2, ncnn 1.');
  });

  it('replace what lies between their marks in a document, and nothing else', () => {
    const document = 'a\n<!-- x -->\nold\n<!-- /x -->\nb';
    expect(tables.withSection(document, 'x', 'new')).toBe('a\n<!-- x -->\nnew\n<!-- /x -->\nb');
    expect(() => tables.withSection(document, 'y', 'new')).toThrow('<!-- y -->');
  });
});

async function load<T>(name: string): Promise<T> {
  return (await import(new URL(`../../bench/peers/${name}.mjs`, import.meta.url).href)) as T;
}
