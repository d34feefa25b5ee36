// What the peer keeps of people, sealed and found as the service does it, with what node:crypto has: ChaCha20-Poly1305 in
// place of XChaCha20-Poly1305, HMAC-SHA256 the same.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const SEALING = randomBytes(32);
const HASHING = randomBytes(32);
const CIPHER = ['chacha20-poly1305', { authTagLength: 16 }];

export const keyed = (...parts) => {
  const hmac = createHmac('sha256', HASHING);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};

export const sha256 = (data) => createHash('sha256').update(data).digest();

export function seal(column, row, text) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv(CIPHER[0], SEALING, nonce, CIPHER[1]);
  const plain = Buffer.from(text);
  cipher.setAAD(Buffer.from(`beneficiary/${column}/${row}`), { plaintextLength: plain.length });
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
}

export function open(column, row, sealed) {
  const decipher = createDecipheriv(CIPHER[0], SEALING, sealed.subarray(0, 12), CIPHER[1]);
  const end = sealed.length - 16;
  decipher.setAAD(Buffer.from(`beneficiary/${column}/${row}`), { plaintextLength: end - 12 });
  decipher.setAuthTag(sealed.subarray(end));
  return Buffer.concat([decipher.update(sealed.subarray(12, end)), decipher.final()]);
}

export const isSame = (column, row, sealed, given) =>
  timingSafeEqual(sha256(open(column, row, sealed)), sha256(given));

/// Puts the people of the file into the rows of the register, sealed with the peer's own keys.
export async function adopt(pool, people) {
  const { rows } = await pool.query('SELECT id FROM beneficiary ORDER BY id');
  for (const [place, { id }] of rows.entries()) {
    const [name, idNumber, insured, residence] = people[place];
    const sealed = (column, text) => seal(column, id, text);
    await pool.query(
      `UPDATE beneficiary SET id_hash = $2, id_number = $3, name = $4, insured_place = $5, residence = $6, phones = $7
       WHERE id = $1`,
      [id, keyed('id number', idNumber), sealed('id_number', idNumber), sealed('name', name),
        sealed('insured_place', insured), sealed('residence', residence), sealed('phones', '13800000000')],
    );
  }
}
