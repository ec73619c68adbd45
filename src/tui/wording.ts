import { type SafeText, safeText, text } from './safe-text.ts';

/** "calculating", "45 s", "3 min 20 s", "2 h 5 min", "2 d 3 h": two units at most. */
export function duration(seconds: number | null): SafeText {
  if (seconds === null || !Number.isFinite(seconds)) return text`calculating`;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return text`${whole} s`;
  // Rounded to the smaller unit shown first, so that 59 min 59.9 s never reads "59 min 60 s".
  if (whole < HOUR) return twoUnits(whole, MINUTE, text`min`, 1, text`s`);
  const minutes = Math.round(whole / MINUTE) * MINUTE;
  if (minutes < DAY) return twoUnits(minutes, HOUR, text`h`, MINUTE, text`min`);
  return twoUnits(Math.round(whole / HOUR) * HOUR, DAY, text`d`, HOUR, text`h`);
}

/** "45 s", "41 min", "2 h 5 min", "12 h", "2 d 3 h", "14 d": for narrow columns. */
export function shortDuration(seconds: number): SafeText {
  const minutes = Math.round(seconds / MINUTE);
  if (seconds < 9.5 * MINUTE) return duration(seconds < MINUTE ? seconds : Math.round(seconds / 5) * 5);
  if (minutes < 60) return text`${minutes} min`;
  if (seconds >= 9.5 * HOUR && seconds < 23.5 * HOUR) return text`${Math.round(seconds / HOUR)} h`;
  return seconds >= 9.5 * DAY ? text`${Math.round(seconds / DAY)} d` : duration(seconds);
}

/** Seconds of work done, with tenths while it is short: "0.8 s". */
export function elapsed(seconds: number): SafeText {
  return seconds < 9.95 ? text`${safeNumber(Math.max(0, seconds), 1)} s` : duration(seconds);
}

/** By the clock of `now`'s time zone: "14:32", "Tue 14:32" within a week, "2026-12-03 14:32" later. */
export function finishTime(now: Date, secondsLeft: number | null): SafeText {
  if (secondsLeft === null || !Number.isFinite(secondsLeft)) return text`calculating`;
  const finish = new Date(now.getTime() + Math.max(0, secondsLeft) * 1000);
  if (Number.isNaN(finish.getTime())) return text`calculating`;
  const clock = text`${pad(finish.getHours())}:${pad(finish.getMinutes())}`;
  const days = Math.round((startOfDay(finish) - startOfDay(now)) / (DAY * 1000));
  if (days === 0) return clock;
  if (days < 7) return text`${WEEKDAYS[finish.getDay()]!} ${clock}`;
  return text`${finish.getFullYear()}-${pad(finish.getMonth() + 1)}-${pad(finish.getDate())} ${clock}`;
}

/** Decimal units, as disks are sold and file managers count: "0 B", "812 MB", "4.9 MB". */
export function bytes(count: number): SafeText {
  if (count < 1000) return text`${Math.round(Math.max(0, count))} B`;
  let value = count;
  let unit = -1;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return text`${safeNumber(value, value < 99.95 ? 1 : 0)} ${BYTE_UNITS[unit]!}`;
}

/** "43,200". */
export function count(whole: number): SafeText {
  return safeNumber(Math.round(whole), 0);
}

/** "12,340 of 43,200"; only what is done while the total is being counted. */
export function countOf(done: number, total: number | null): SafeText {
  return total === null ? count(done) : text`${count(done)} of ${count(total)}`;
}

/** "12.3 frames/s", "0.42 frames/s", and for very slow work "14 s per frame". */
export function frameRate(framesPerSecond: number | null): SafeText {
  if (framesPerSecond === null || !Number.isFinite(framesPerSecond) || framesPerSecond <= 0) return text`calculating`;
  if (framesPerSecond < 0.1) return text`${duration(1 / framesPerSecond)} per frame`;
  return text`${rateNumber(framesPerSecond)} frames/s`;
}

/** "0.70-12.3 frames/s", "2 s-14 s per frame": least and most of it. */
export function rateRange(least: number, most: number): SafeText {
  if (least >= 0.1) return text`${rateNumber(least)}-${rateNumber(most)} frames/s`;
  return text`${shortDuration(1 / most)}-${shortDuration(1 / least)} per frame`;
}

/** "12.3/s", "0.42/s", "14 s each": of frames, for narrow columns. */
export function shortRate(framesPerSecond: number): SafeText {
  if (framesPerSecond < 0.1) return text`${shortDuration(1 / framesPerSecond)} each`;
  return text`${rateNumber(framesPerSecond)}/s`;
}

/** Megapixels: "3.1 of 12.6 MP". */
export function megapixels(donePixels: number, totalPixels: number | null): SafeText {
  const done = safeNumber(donePixels / 1e6, 1);
  return totalPixels === null ? text`${done} MP` : text`${done} of ${safeNumber(totalPixels / 1e6, 1)} MP`;
}

/** "34.2 %": never 100 before the end is reached. */
export function percent(fraction: number | null): SafeText {
  if (fraction === null) return text`counting`;
  const clamped = Math.min(1, Math.max(0, fraction));
  return clamped === 1 ? text`100 %` : text`${safeNumber(Math.floor(clamped * 1000) / 10, 1)} %`;
}

export function pictureSize(size: { readonly width: number; readonly height: number }): SafeText {
  return text`${size.width}x${size.height}`;
}

/** "1 frame", "300 frames". */
export function plural(amount: number, one: SafeText, many: SafeText): SafeText {
  return text`${count(amount)} ${amount === 1 ? one : many}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const BYTE_UNITS = [text`kB`, text`MB`, text`GB`, text`TB`, text`PB`];
const WEEKDAYS = [text`Sun`, text`Mon`, text`Tue`, text`Wed`, text`Thu`, text`Fri`, text`Sat`];

function rateNumber(framesPerSecond: number): SafeText {
  return safeNumber(framesPerSecond, framesPerSecond < 1 ? 2 : framesPerSecond < 99.95 ? 1 : 0);
}

function twoUnits(seconds: number, big: number, bigName: SafeText, small: number, smallName: SafeText): SafeText {
  const rest = Math.floor((seconds % big) / small);
  const main = text`${Math.floor(seconds / big)} ${bigName}`;
  return rest === 0 ? main : text`${main} ${rest} ${smallName}`;
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function pad(value: number): SafeText {
  return value < 10 ? text`0${value}` : text`${value}`;
}

/** Grouped by commas; digits, point, comma and sign only, whatever the machine's locale. */
function safeNumber(value: number, digits: number): SafeText {
  const [whole = '0', fraction] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return safeText(fraction === undefined ? grouped : `${grouped}.${fraction}`);
}
