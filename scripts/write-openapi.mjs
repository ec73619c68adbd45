// Writes plugins/gimp-bridge/openapi.json from the built schemas: npm run build && node scripts/write-openapi.mjs
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openApiDocument } from '../dist/bridge/openapi.js';

const target = fileURLToPath(new URL('../plugins/gimp-bridge/openapi.json', import.meta.url));
writeFileSync(target, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
