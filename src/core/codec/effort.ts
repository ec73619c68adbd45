/** How much time an encoder may take to make the file smaller. Lossless pixels are the same with each. */
export const EFFORTS = ['fast', 'balanced', 'best'] as const;
export type Effort = (typeof EFFORTS)[number];
