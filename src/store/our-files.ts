/** What upreel puts into a job's folder: nothing else in it is ever touched. */
const OUR_FILES =
  /^(job\.json|events\.jsonl|owner\.json|clock|supervisor\.log|plan\.json|times\.bin|segment-\d+\..+|join\.([0-9a-f]{8}\.)?ffconcat|result(\.[^.]+)?|\.upreel-.+)$/;

export function isOurs(name: string): boolean {
  return OUR_FILES.test(name);
}

/** Whether a name may be a folder: a film as pictures, and those that it replaces. */
export function mayBeFolder(name: string): boolean {
  return /^result(\.[^.]+)?$/.test(name);
}

/** The file or folder of a finished result. */
export function resultName(extension: string): string {
  return `result${extension}`;
}
