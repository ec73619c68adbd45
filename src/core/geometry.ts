export interface Size {
  readonly width: number;
  readonly height: number;
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
