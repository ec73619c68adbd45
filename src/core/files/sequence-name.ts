import { basename, dirname, extname, join, resolve } from 'node:path';

/** `frames/%06d.png` names a sequence of numbered pictures: a folder of its own, and the pictures' names in it. */
const NUMBER = /%(?:0?(\d{1,2}))?d/;
const PICTURES = new Set(['.png', '.tif', '.tiff']);

export function isSequenceName(path: string): boolean {
  const name = basename(path);
  return PICTURES.has(extname(name).toLowerCase()) && NUMBER.test(name) && !name.replace(NUMBER, '').includes('%');
}

/** What is made and published as a whole: the folder of a sequence, else the file itself. Absolute. */
export function resultPlace(output: string): string {
  return resolve(isSequenceName(output) ? dirname(output) : output);
}

/** Name of one picture, without its folder. @param number counts from 1. */
export function pictureName(pattern: string, number: number): string {
  return basename(pattern).replace(NUMBER, (_, digits = '1') => String(number).padStart(Number(digits), '0'));
}

/** Whether a file's name is one that the sequence gives. */
export function isPictureOf(pattern: string, name: string): boolean {
  const number = Number(/\d+/.exec(name.slice(basename(pattern).search(NUMBER)))?.[0]);
  return number > 0 && pictureName(pattern, number) === name;
}

/** The pattern as ffmpeg reads it, in a folder whose own name may hold percent signs. */
export function ffmpegPattern(folder: string, pattern: string): string {
  return join(folder.replaceAll('%', '%%'), basename(pattern));
}
