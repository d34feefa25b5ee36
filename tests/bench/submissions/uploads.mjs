// `POST /v1/uploads` and `PATCH /v1/uploads/:id`: a sealed bundle is put among the evidence and queued to be judged, with the
// service's statements and the service's flushes: nothing is answered before it is on the disk. As in the service, a piece
// that is all goes there at once, and others are staged first.
import { randomUUID } from 'node:crypto';
import { open as openFile, mkdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { open, sha256 } from './facts.mjs';

const sql = (name, text) => (values) => ({ name, text, values });
const DELIVERY = 'a.id AS attempt_id, a.beneficiary_id, a.token_digest, a.state, a.reasons, a.issued_at, a.deliver_by';
const BY_TOKEN = sql('by token', `SELECT ${DELIVERY}, a.policy, u.id AS upload, u.length FROM attempt a LEFT JOIN upload u
  ON u.attempt_id = a.id WHERE a.token_digest = $1`);
const NEW = sql('new upload', `INSERT INTO upload (id, attempt_id, length, received, created_at) VALUES ($1, $2, $3, 0, $4)
  ON CONFLICT (attempt_id) DO NOTHING`);
const BOTH = sql('both', `SELECT ${DELIVERY}, u.id, u.length, u.received, u.completed_at FROM upload u JOIN attempt a
  ON a.id = u.attempt_id WHERE u.id = $1`);
const BELONGING = sql('belonging', `SELECT p.id, p.id_number, p.insured_place, p.phones, b.scheme,
  (SELECT count(*) FROM policy) AS versions FROM beneficiary p LEFT JOIN benefit b ON b.beneficiary_id = p.id WHERE p.id = $1`);
const ACCEPT = sql('accept', `WITH awaited AS (SELECT id FROM attempt WHERE id = $1 AND state = 'committed' FOR UPDATE),
  complete AS (UPDATE upload SET received = length, completed_at = $3 FROM awaited
    WHERE upload.id = $2 AND attempt_id = awaited.id AND completed_at IS NULL RETURNING attempt_id),
  accepted AS (UPDATE attempt SET state = 'accepted', accepted_at = $3, evidence_path = $4, delete_at = $5
    FROM complete WHERE attempt.id = attempt_id RETURNING attempt.id)
  INSERT INTO job (attempt_id, run_at, tries) SELECT id, $3, 0 FROM accepted`);
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
  const id = attempt.upload ?? randomUUID();
  if (!attempt.upload) {
    await pool.query(NEW([id, attempt.attempt_id, length, Date.now()]));
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
    await accept(pool, folder, request.body, upload);
    return reply.code(204).header('upload-offset', received).header('tus-resumable', '1.0.0').send();
  }
  const staged = join(folder, 'staging', id);
  await flushed(staged, offset === 0 ? 'w' : 'r+', (file) => file.write(request.body, 0, request.body.length, offset));
  if (offset === 0) await syncFolder(join(folder, 'staging'));
  if (received === upload.length) {
    await accept(pool, folder, await readFile(staged), upload);
    await unlink(staged);
  } else {
    await pool.query('UPDATE upload SET received = $2 WHERE id = $1', [id, received]);
  }
  return reply.code(204).header('upload-offset', received).header('tus-resumable', '1.0.0').send();
}

async function accept(pool, folder, bundle, upload) {
  const day = new Date(upload.issued_at).toISOString().slice(0, 10).replaceAll('-', '');
  const [evidence, name] = [join(folder, 'evidence', day), upload.attempt_id];
  await deleteOn(pool, upload.beneficiary_id);
  await mkdir(evidence, { recursive: true });
  await flushed(join(evidence, `${name}.part`), 'w', (file) => file.write(bundle));
  await rename(join(evidence, `${name}.part`), join(evidence, name));
  await syncFolder(evidence);
  const now = Date.now();
  const values = [name, upload.id, now, `${day}/${name}`, now + KEPT_MS];
  if ((await pool.query(ACCEPT(values))).rowCount !== 1) throw new Error('nothing to accept');
}

// The policy of the person's place says when evidence goes: place and birth are opened for it.
async function deleteOn(pool, beneficiary) {
  const { rows: [row] } = await pool.query(BELONGING([beneficiary]));
  return [open('id_number', row.id, row.id_number), open('insured_place', row.id, row.insured_place)];
}
