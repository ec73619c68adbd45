/** Turns linear light into 16-bit sRGB samples, and counts what does not fit into them. */
export interface LightEncoder {
  /** 0..65535; 1.0 is white. Not a number and below 0 become black, above 1 white. */
  encode(light: number): number;
  /** Sentences on what was lost. */
  report(path: string): string[];
}

export function openLightEncoder(): LightEncoder {
  let [samples, above, below, broken] = [0, 0, 0, 0];
  return {
    encode: (light) => {
      samples++;
      if (light > 1) {
        above++;
        return 65_535;
      }
      if (light >= 0) return Math.round(65_535 * srgbCurve(light));
      if (light < 0) below++;
      else broken++;
      return 0;
    },
    report: (path) => {
      const part = (count: number) => {
        const percent = (100 * count) / samples;
        return `${percent < 0.1 ? 'less than 0.1' : percent.toFixed(1)} % of the samples of ${path}`;
      };
      return [
        ...(above > 0 ? [`${part(above)} are brighter than white (1.0): they became white.`] : []),
        ...(below > 0 ? [`${part(below)} are below 0: they became black.`] : []),
        ...(broken > 0 ? [`${part(broken)} are no numbers: they became black.`] : []),
      ];
    },
  };
}

/** IEC 61966-2-1: linear light of 0..1 as the value that sRGB files hold. */
function srgbCurve(light: number): number {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}

export function linearNote(path: string): string {
  return `${path} holds linear light: it was converted to 16-bit sRGB.`;
}
