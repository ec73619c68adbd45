#!/usr/bin/env node
import './cli/last-words.ts';
import { meansPictures } from './cli/means-pictures.ts';
import { dropEarlyEngine, startEarlyEngine } from './engine/engine-process.ts';

// The engine loads while this process loads what reads the command line.
if (meansPictures(process.argv.slice(2))) startEarlyEngine();
try {
  const { runProgram } = await import('./cli/main.ts');
  await runProgram(process.argv.slice(2));
} finally {
  dropEarlyEngine();
}
