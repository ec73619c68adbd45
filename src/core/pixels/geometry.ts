export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Lengths that are given along each axis; null: any. */
export interface FixedSize {
  readonly width: number | null;
  readonly height: number | null;
}

/** For people: "512x512", "any x 64". */
export function sizeText({ width, height }: FixedSize): string {
  return width === null || height === null ? `${width ?? 'any'} x ${height ?? 'any'}` : `${width}x${height}`;
}

/** A half-open rectangle of pixels: x <= px < x + width, y <= py < y + height. */
export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

export function scaleRect(rect: Rect, scale: number): Rect {
  return { x: rect.x * scale, y: rect.y * scale, width: rect.width * scale, height: rect.height * scale };
}

export function scaleSize(size: Size, scale: number): Size {
  return { width: size.width * scale, height: size.height * scale };
}
