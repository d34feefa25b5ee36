// The peer: fastify and pg, as a team would write these calls in Node. Statements are prepared, bodies checked by schema,
// nothing is logged. It works on a copy of the service's database: the same tables, indices and foreign keys.
//
// Usage: node server.mjs DATABASE_URL PEOPLE.csv FOLDER; prints `listening on http://…` when it is ready.
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import pg from 'pg';
import { activate, activation, insert } from './activations.mjs';
import { adopt } from './facts.mjs';
import { create, deliver } from './uploads.mjs';

const [url, csv, folder] = process.argv.slice(2);
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const pool = new pg.Pool({ connectionString: url, max: 16 });
const people = readFileSync(csv, 'utf8').trim().split('\n').slice(1).map((line) => line.split(','));
await adopt(pool, people);

const app = Fastify({ logger: false, bodyLimit: 1 << 20 });
const octets = 'application/offset+octet-stream';
app.addContentTypeParser(octets, { parseAs: 'buffer' }, (_, body, done) => done(null, body));
app.post('/v1/inserts', { schema: activation }, (request, reply) => insert(pool, request, reply));
app.post('/v1/activations', { schema: activation }, (request, reply) => activate(pool, request, reply));
app.post('/v1/uploads', (request, reply) => create(pool, folder, request, reply));
app.patch('/v1/uploads/:id', (request, reply) => deliver(pool, folder, request, reply));
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`listening on http://127.0.0.1:${app.server.address().port}`);
