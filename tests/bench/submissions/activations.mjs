// `POST /v1/inserts`: the body as a row, and nothing else: the least that a submission can be.
// `POST /v1/activations`: what the service asks before it writes that row: four counters of failures, the person by keyed
// hash, three sealed facts opened and compared.
import { randomBytes, randomUUID } from 'node:crypto';
import { isSame, keyed, sha256 } from './facts.mjs';

const text = { type: 'string', maxLength: 100 };
const person = { type: 'object', required: ['name', 'id_number', 'insured_place', 'residence'],
  properties: { name: text, id_number: text, insured_place: text, residence: text } };
const consent = { type: 'object', required: ['text_version', 'by'],
  properties: { text_version: text, by: { enum: ['beneficiary', 'beneficiary_spoken'] } } };

export const activation = {
  body: { type: 'object', required: ['person', 'mode', 'consent', 'device_key'],
    properties: { person, mode: { enum: ['self', 'assisted'] }, consent,
      device_key: { type: 'string', pattern: '^[0-9a-f]{64}$' } } },
  response: { 201: { type: 'object', properties: { token: { type: 'string' }, expires_at: { type: 'string' } } } },
};

const VALID_MS = 30 * 60_000;
const KINDS = ['device', 'address', 'device_and_id', 'id'];
const INSERT = { name: 'insert', text: `INSERT INTO activation (id, beneficiary_id, token_digest, device_key, mode,
  consent_text, consent_by, created_at, expires_at, attempts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)` };
const FAILED = { name: 'failed', text: 'SELECT kind, window_start, failures FROM failed_tries WHERE (kind, subject) IN (($1, $2), ($3, $4), ($5, $6), ($7, $8))' };
const PERSON = { name: 'person', text: 'SELECT id, name, insured_place, residence FROM beneficiary WHERE id_hash = $1' };
let someone;

async function written(pool, beneficiary, body, reply) {
  const [now, token] = [Date.now(), randomBytes(32).toString('base64url')];
  const { device_key: device, mode, consent: { text_version: version, by } } = body;
  await pool.query({ ...INSERT, values: [randomUUID(), beneficiary, sha256(token), Buffer.from(device, 'hex'), mode,
    version, by, now, now + VALID_MS] });
  reply.code(201);
  return { token, expires_at: new Date(now + VALID_MS).toISOString() };
}

export async function insert(pool, request, reply) {
  someone ??= (await pool.query('SELECT id FROM beneficiary LIMIT 1')).rows[0].id;
  return written(pool, someone, request.body, reply);
}

export async function activate(pool, request, reply) {
  const { person: facts, device_key: device } = request.body;
  const subjects = [device, request.ip, device + facts.id_number, facts.id_number];
  const values = KINDS.flatMap((kind, place) => [kind, keyed(kind, subjects[place])]);
  const failed = (await pool.query({ ...FAILED, values })).rows;
  if (failed.some((row) => row.kind !== 'id' && row.failures >= 6 && row.window_start > Date.now() - 3_600_000)) {
    return reply.code(429).send({ code: 'limit.too_many_tries' });
  }
  const { rows: [row] } = await pool.query({ ...PERSON, values: [keyed('id number', facts.id_number)] });
  const same = row && ['name', 'insured_place', 'residence']
    .map((column) => isSame(column, row.id, row[column], facts[column])).every(Boolean);
  if (!same) return reply.code(403).send({ code: 'identity.not_confirmed' });
  return written(pool, row.id, request.body, reply);
}
