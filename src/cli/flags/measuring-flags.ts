import { InvalidArgumentError, Option } from 'commander';
import type { LumaRounding } from '../../eval/index.ts';
import { safeText } from '../../tui/index.ts';

export function lumaOption(): Option {
  return new Option('--luma <kind>', 'luma rounded as in papers with MATLAB, or exact as in BasicSR')
    .choices(['rounded', 'exact'] satisfies LumaRounding[])
    .default('rounded');
}

export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < least)
      throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
    return number;
  };
}

export function warn(sentence: string): void {
  console.error(`warning: ${safeText(sentence)}`);
}
