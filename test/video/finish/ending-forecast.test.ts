import { describe, expect, test } from 'vitest';
import { EndingForecast, type EndingSoFar } from '../../../src/video/finish/ending-forecast.ts';

const NOTHING: EndingSoFar = { resultBytes: null, hasCarried: false, soundSeconds: 0, joinedBytes: 0 };

describe('EndingForecast', () => {
  test('counts all that is to come, stage by stage', () => {
    const forecast = new EndingForecast();
    forecast.checked(0.2);
    forecast.drained(3);
    const film = { ...NOTHING, resultBytes: 3e9, hasCarried: true };
    const [upscale, join, verify] = (['upscale', 'join', 'verify'] as const).map((stage) =>
      forecast.secondsLeft(stage, 0, film),
    );
    expect(upscale! - join!).toBeCloseTo(3, 6);
    expect(join! - verify!).toBeGreaterThan(10);
    expect(verify!).toBeGreaterThan(5);
    expect(forecast.secondsLeft('publish', 0, film)).toBe(0);
  });

  test('a short film ends with programs being started, which takes what it took', () => {
    const [quick, slow] = [0.1, 0.4].map((seconds) => {
      const forecast = new EndingForecast();
      forecast.checked(seconds);
      return forecast.secondsLeft('upscale', 0, { ...NOTHING, hasCarried: true });
    });
    expect(slow! / quick!).toBeCloseTo(4, 6);
  });

  test('of segments that came to their place while others were at work, the quickest tells', () => {
    const forecast = new EndingForecast();
    for (const seconds of [9, 4, 12]) forecast.drained(seconds);
    expect(forecast.secondsLeft('upscale', 0, NOTHING) - forecast.secondsLeft('join', 0, NOTHING)).toBeCloseTo(4, 6);
  });

  test('follows the file as it grows, and never goes below nothing', () => {
    const forecast = new EndingForecast();
    const film = { ...NOTHING, resultBytes: 1e9 };
    const verify = forecast.secondsLeft('verify', 0, film);
    expect(forecast.secondsLeft('join', 30, { ...film, joinedBytes: 250e6 })).toBeCloseTo(90 + verify, 6);
    expect(forecast.secondsLeft('join', 1000, film)).toBeCloseTo(verify, 6);
    expect(forecast.secondsLeft('verify', 1000, film)).toBe(0);
  });

  test('sound that is encoded anew takes longer than sound that is copied', () => {
    const forecast = new EndingForecast();
    const copied = forecast.secondsLeft('upscale', 0, { ...NOTHING, hasCarried: true });
    const encoded = forecast.secondsLeft('upscale', 0, { ...NOTHING, hasCarried: true, soundSeconds: 7200 });
    expect(encoded - copied).toBeGreaterThan(60);
  });
});
