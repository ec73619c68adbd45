export type { ShapeCanvas } from './canvas.ts';
export type { ShapeRun } from './picture-shape.ts';
export { scanShapes } from './scan-shapes.ts';
export { planShapes, type ShapeDecision } from './shape-plan.ts';
