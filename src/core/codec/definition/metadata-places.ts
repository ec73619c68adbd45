/** What of a picture's metadata a format has places for. */
export interface MetadataPlaces {
  readonly icc: boolean;
  readonly exif: boolean;
  readonly xmp: boolean;
  /** `xmp`: as properties there. */
  readonly iptc: boolean | 'xmp';
  /** `exif`: there, if it says nothing else. */
  readonly density: boolean | 'exif';
  /** PNG's chunks that say what the samples mean. */
  readonly pngColour: boolean;
  /** What becomes of gray pixels: gray with any profile, gray with profiles for gray alone, or RGB. */
  readonly gray: 'any-profile' | 'gray-profile' | 'as-rgb';
  /** The bytes that these may have. Default: any number. */
  readonly most?: { readonly icc: number; readonly exif: number; readonly xmp: number };
}

export const ALL_PLACES: MetadataPlaces = {
  icc: true,
  exif: true,
  xmp: true,
  iptc: true,
  density: true,
  pngColour: false,
  gray: 'any-profile',
};

export const NO_PLACES: MetadataPlaces = {
  icc: false,
  exif: false,
  xmp: false,
  iptc: false,
  density: false,
  pngColour: false,
  gray: 'any-profile',
};
