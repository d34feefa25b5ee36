// Uploads bytes with tus-js-client, an implementation that is not ours: begins, is cut off in the middle, resumes.
// In (arguments): folder with node_modules, creation URL, bearer token, number of bytes. Out: exit status 0, and one line
// with the offset at which it resumed.
import { createRequire } from 'node:module';

const [folder, endpoint, token, size] = process.argv.slice(2);
const tus = createRequire(`${folder}/package.json`)('tus-js-client');
const bytes = Buffer.alloc(Number(size), 7);
const common = { endpoint, headers: { Authorization: `Bearer ${token}` }, chunkSize: 64 * 1024, retryDelays: [100, 300] };

const url = await new Promise((resolve, reject) => {
  const upload = new tus.Upload(bytes, {
    ...common,
    onError: reject,
    onSuccess: () => reject(new Error('it was to be cut off before its end')),
    onChunkComplete: (_size, accepted) => {
      if (accepted > bytes.length / 3) upload.abort().then(() => resolve(upload.url));
    },
  });
  upload.start();
});

let resumedAt = null;
await new Promise((resolve, reject) => {
  new tus.Upload(bytes, {
    ...common,
    uploadUrl: url,
    onError: reject,
    onSuccess: resolve,
    onProgress: (sent) => (resumedAt ??= sent),
  }).start();
});
if (!(resumedAt > 0)) throw new Error('it began anew instead of resuming');
console.log(resumedAt);
