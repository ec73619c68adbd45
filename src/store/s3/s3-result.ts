import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { madeName, type PublishOptions, type ResultFacts, type SharedResult } from '../shared-store.ts';
import type { OwnObjects } from './own-objects.ts';
import { MTIME } from './s3-objects.ts';

/**
 * A result among objects. It is made on this machine and put as a whole; what it is of stands with it, so that who dies
 * after that does not find a result that exists already.
 */
export class S3Result implements SharedResult {
  readonly work: string;
  readonly output: string;
  readonly report: string | null;
  readonly place = null;
  protected readonly own: OwnObjects;
  protected readonly ways: S3ResultWays;

  /** @param scratch of this process alone */
  constructor(own: OwnObjects, ways: S3ResultWays, scratch: string) {
    this.work = join(scratch, 'join');
    this.output = join(this.work, 'output', madeName(ways.output));
    this.report = ways.report === null ? null : join(this.work, 'report', basename(ways.report));
    this.own = own;
    this.ways = ways;
  }

  async published(): Promise<ResultFacts | null> {
    const found = await this.own.look(this.lastPut);
    return found && { frames: Number(found.told[FRAMES] ?? 0), bytes: Number(found.told[BYTES] ?? found.bytes) };
  }

  async begin(overwrite: boolean): Promise<void> {
    const { report } = this.ways;
    await this.requireFree(overwrite);
    if (report !== null) await this.own.requireFree(report, overwrite);
    for (const folder of ['output', 'report']) await mkdir(join(this.work, folder), { recursive: true });
  }

  /** The report first: once the result is there, nobody makes it again. */
  async publish(facts: ResultFacts, { overwrite, changedMs }: PublishOptions): Promise<void> {
    const { report } = this.ways;
    if (report !== null && this.report !== null) await this.own.put(report, this.report, {}, overwrite);
    const times: Record<string, string> = changedMs === null ? {} : { [MTIME]: `${changedMs / 1000}` };
    await this.put({ [FRAMES]: `${facts.frames}`, [BYTES]: `${facts.bytes}`, ...times }, overwrite);
  }

  async end(): Promise<void> {
    await rm(this.work, { recursive: true, force: true });
  }

  /** Where this is, all is there. */
  protected get lastPut(): string {
    return this.ways.output;
  }

  /** @throws UpreelError `output-exists` */
  protected requireFree(overwrite: boolean): Promise<void> {
    return this.own.requireFree(this.ways.output, overwrite);
  }

  /** @param told is said with it */
  protected put(told: Readonly<Record<string, string>>, overwrite: boolean): Promise<void> {
    return this.own.put(this.ways.output, this.output, told, overwrite);
  }
}

/** Of a result and of the report that goes along. */
export interface S3ResultWays {
  readonly output: string;
  readonly report: string | null;
}

/** What is said with a result. */
const FRAMES = 'upreel-frames';
const BYTES = 'upreel-bytes';
