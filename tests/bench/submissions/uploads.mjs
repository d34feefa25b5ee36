// `POST /v1/uploads` and `PATCH /v1/uploads/:id`: a sealed bundle is put among the evidence and queued to be judged, with the
// service's statements and the service's flushes: nothing is answered before it is on the disk. As in the service, a piece
// that is all goes there at once, and others are staged first.
import { randomUUID } from 'node:crypto';
import { open as openFile, mkdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { open, sha256 } from './facts.mjs';

const sql = (name, text) => (values) => ({ name, text, values });
const BY_TOKEN = sql('by token', 'SELECT * FROM attempt WHERE token_digest = $1');
const OF_ATTEMPT = sql('of attempt', 'SELECT * FROM upload WHERE attempt_id = $1');
const NEW = sql('new upload', 'INSERT INTO upload (id, attempt_id, length, received, created_at) VALUES ($1, $2, $3, 0, $4)');
const BOTH = sql('both', `SELECT u.length, u.received, u.completed_at, a.* FROM upload u JOIN attempt a ON a.id = u.attempt_id
  WHERE u.id = $1`);
const POLICIES = sql('policies', 'SELECT count(*) FROM policy');
const PERSON = sql('place', 'SELECT id, id_number, insured_place, phones FROM beneficiary WHERE id = $1');
const BENEFIT = sql('benefit', 'SELECT * FROM benefit WHERE beneficiary_id = $1');
const COMPLETE = sql('complete', 'UPDATE upload SET received = $2, completed_at = $3 WHERE id = $1');
const ACCEPT = sql('accept', `UPDATE attempt SET state = 'accepted', accepted_at = $2, evidence_path = $3, delete_at = $4
  WHERE id = $1`);
const QUEUE = sql('queue', 'INSERT INTO job (attempt_id, run_at, tries) VALUES ($1, $2, 0)');
const KEPT_MS = 30 * 86_400_000;

const token = (request) => sha256((request.headers.authorization ?? '').replace('Bearer ', ''));

async function flushed(path, flags, write) {
  const file = await openFile(path, flags, 0o600);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

const syncFolder = (path) => flushed(path, 'r', () => {});

export async function create(pool, folder, request, reply) {
  const length = Number(request.headers['upload-length']);
  const { rows: [attempt] } = await pool.query(BY_TOKEN([token(request)]));
  if (!attempt || attempt.state !== 'committed' || attempt.deliver_by < Date.now()) return reply.code(401).send();
  if (!(length > 0 && length <= JSON.parse(attempt.policy).max_bundle_bytes)) return reply.code(413).send();
  const { rows: [known] } = await pool.query(OF_ATTEMPT([attempt.id]));
  const id = known?.id ?? randomUUID();
  if (!known) {
    await pool.query(NEW([id, attempt.id, length, Date.now()]));
  }
  return reply.code(201).header('location', `/v1/uploads/${id}`).header('tus-resumable', '1.0.0').send();
}

export async function deliver(pool, folder, request, reply) {
  const { id } = request.params;
  const { rows: [upload] } = await pool.query(BOTH([id]));
  const offset = Number(request.headers['upload-offset']);
  if (!upload || !upload.token_digest.equals(token(request))) return reply.code(401).send();
  if (upload.received !== offset || upload.completed_at) return reply.code(409).send();
  const received = offset + request.body.length;
  if (request.body.length === upload.length) {
    await accept(pool, folder, id, request.body, upload);
    return reply.code(204).header('upload-offset', received).header('tus-resumable', '1.0.0').send();
  }
  const staged = join(folder, 'staging', id);
  await flushed(staged, offset === 0 ? 'w' : 'r+', (file) => file.write(request.body, 0, request.body.length, offset));
  if (offset === 0) await syncFolder(join(folder, 'staging'));
  if (received === upload.length) {
    await accept(pool, folder, id, await readFile(staged), upload);
    await unlink(staged);
  } else {
    await pool.query('UPDATE upload SET received = $2 WHERE id = $1', [id, received]);
  }
  return reply.code(204).header('upload-offset', received).header('tus-resumable', '1.0.0').send();
}

async function accept(pool, folder, id, bundle, upload) {
  const day = new Date(upload.issued_at).toISOString().slice(0, 10).replaceAll('-', '');
  const evidence = join(folder, 'evidence', day);
  await deleteOn(pool, upload.beneficiary_id);
  await mkdir(evidence, { recursive: true });
  await flushed(join(evidence, `${upload.id}.part`), 'w', (file) => file.write(bundle));
  await rename(join(evidence, `${upload.id}.part`), join(evidence, upload.id));
  await syncFolder(evidence);
  const [client, now] = [await pool.connect(), Date.now()];
  try {
    await client.query('BEGIN');
    await client.query(COMPLETE([id, upload.length, now]));
    await client.query(ACCEPT([upload.id, now, `${day}/${upload.id}`, now + KEPT_MS]));
    await client.query(QUEUE([upload.id, now]));
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

// The policy of the person's place says when evidence goes: place and birth are opened for it.
async function deleteOn(pool, beneficiary) {
  const [{ rows: [row] }] = await Promise.all([pool.query(PERSON([beneficiary])), pool.query(BENEFIT([beneficiary])),
    pool.query(POLICIES([]))]);
  return [open('id_number', row.id, row.id_number), open('insured_place', row.id, row.insured_place)];
}
