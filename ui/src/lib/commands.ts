// Calls into Rust. One function for each command; nothing else in the screens knows how a call travels.

import { Channel, convertFileSrc, invoke } from '@tauri-apps/api/core';
import type { AppInfo, BeginRequest, Camera, Division, FieldName, JourneyEvent, Language, Preferences, Reason } from './contract';

/** What this installation is and has. */
export const appInfo = () => invoke<AppInfo>('app_info');

/** Divisions below `parent`; provinces without it. */
export const divisions = (parent: string | null) => invoke<Division[]>('divisions', { parent });

/** What is wrong with a value, in words of `language`; null if nothing is. */
export const checkField = (field: FieldName, value: string, language: Language) =>
  invoke<Reason | null>('check_field', { field, value, language });

/** The last call that lets a camera go: whatever opens one waits for it, because calls may overtake each other. */
let lettingGo: Promise<unknown> = Promise.resolve();

/** Opens a camera early, so that it is ready when the person is. */
export const warmCamera = (camera: Camera) => lettingGo.then(() => invoke<void>('warm_camera', { camera }));

/** Starts activation and capture. Everything after comes as events. */
export function begin(request: BeginRequest, onEvent: (event: JourneyEvent) => void): Promise<void> {
  return lettingGo.then(() => invoke<void>('begin', { ...request, events: channel(onEvent) }));
}

/** Takes up the next of what waits for delivery; answers whether there was anything. */
export const resume = (language: Language, onEvent: (event: JourneyEvent) => void) =>
  invoke<boolean>('resume', { language, events: channel(onEvent) });

function channel(onEvent: (event: JourneyEvent) => void): Channel<JourneyEvent> {
  const events = new Channel<JourneyEvent>();
  events.onmessage = onEvent;
  return events;
}

/** The spoken or shown form of a `tell` has ended. */
export const promptEnded = (id: number) => invoke<void>('prompt_ended', { id });

/** Hands over one camera frame as JPEG. */
export const pushFrame = (jpeg: Uint8Array, width: number, height: number) =>
  invoke<void>('push_frame', jpeg, { headers: { 'x-width': String(width), 'x-height': String(height) } });

/** Ends what is under way, and lets the camera go. */
export function cancel(): Promise<void> {
  const cancelled = invoke<void>('cancel');
  lettingGo = cancelled.catch(() => {});
  return cancelled;
}

/** A new attempt under the same activation; events go on in the same channel. Answers whether there is one to go on with. */
export const retry = () => invoke<boolean>('retry');

/** Appeals against the refusal that is on the screen; answers the day by which somebody answers, `2026-12-12`. */
export const appeal = (language: Language) => invoke<string>('appeal', { language });

/** Keeps how people want the app. */
export const keepPreferences = (preferences: Preferences) => invoke<void>('keep_preferences', { preferences });

/** What waits for delivery; no personal data. */
export const outbox = () => invoke<unknown[]>('outbox');

/** Saves the certificate and answers where. */
export const saveCertificate = (kind: 'png' | 'pdf') => invoke<string>('save_certificate', { kind });

/** Address of preview picture number `n` of a camera that Rust drives. */
export const previewUrl = (n: number) => convertFileSrc(String(n), 'preview');

/** Address of the certificate's picture; `serial` and the number of the try keep an older answer out of the picture cache. */
export const certificateUrl = (serial: string, attempt: number) =>
  `${convertFileSrc('certificate.png', 'preview')}?${encodeURIComponent(serial)}&${attempt}`;
