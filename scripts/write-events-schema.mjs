// Writes docs/json-events.schema.json from the built schema: npm run build && node scripts/write-events-schema.mjs
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventRecordJsonSchema } from '../dist/cli/report/events-schema.js';

const target = fileURLToPath(new URL('../docs/json-events.schema.json', import.meta.url));
writeFileSync(target, `${JSON.stringify(eventRecordJsonSchema(), null, 2)}\n`);
