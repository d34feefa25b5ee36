// Frames of the WebView's camera, for devices whose camera Rust cannot open itself.
//
// In: any MediaStream. Out: JPEG frames of at most 640 pixels, about 15 a second, one on its way at a time: a frame that
// comes while another is being handed over is passed by, never queued. What can go wrong: the camera is refused, missing or
// busy (`CameraTrouble`); the stream ends while it is used (`webcam` hears it); a frame isn't taken (it is dropped, the next is
// tried).

import type { Mode } from './contract';

/** Longest side of a frame that is handed over, in pixels. */
const LONGEST = 640;
const FRAMES_PER_SECOND = 15;
const JPEG_QUALITY = 0.85;
/** A frame this much before its time is taken, so that a camera of 30 or 25 frames a second averages 15. */
const EARLY_MS = 8;

export type TroubleKind = 'refused' | 'missing' | 'busy';

/** The camera cannot be used. */
export class CameraTrouble extends Error {
  constructor(readonly kind: TroubleKind) {
    super(`camera ${kind}`);
  }
}

/** The front camera for oneself, the rear one for someone else: asked for, never demanded, so that any camera will do. */
export function constraintsFor(mode: Mode): MediaStreamConstraints {
  return {
    audio: false,
    video: {
      facingMode: mode === 'self' ? 'user' : 'environment',
      width: { ideal: 640 },
      height: { ideal: 480 },
      frameRate: { ideal: 30 },
    },
  };
}

/** What an error of `getUserMedia` means for a person. */
export function troubleOf(error: unknown): TroubleKind {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'missing';
}

/** Opens the camera. Throws `CameraTrouble`. */
export async function openStream(mode: Mode): Promise<MediaStream> {
  if (__TEST_HOOKS__) {
    const fed = (window as { __jianzai_test_stream?: MediaStream }).__jianzai_test_stream;
    if (fed) return fed;
  }
  // Absent where the page isn't a secure one or the WebView was built without cameras.
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraTrouble('missing');
  try {
    return await navigator.mediaDevices.getUserMedia(constraintsFor(mode));
  } catch (error) {
    throw new CameraTrouble(troubleOf(error));
  }
}

/** Width and height within `LONGEST`, at the same shape. */
export function fit(width: number, height: number): [number, number] {
  const scale = Math.min(1, LONGEST / Math.max(width, height, 1));
  return [Math.round(width * scale), Math.round(height * scale)];
}

/** Which frames to take: true about `FRAMES_PER_SECOND` times a second, however many are offered. */
export function pace(): (now: number) => boolean {
  const step = 1000 / FRAMES_PER_SECOND;
  let due = -Infinity;
  return (now) => {
    if (now < due - EARLY_MS) return false;
    // After a pause it goes on from now instead of catching up.
    due = now - due > step ? now + step : due + step;
    return true;
  };
}

export type Push = (jpeg: Uint8Array, width: number, height: number) => Promise<unknown>;

/** Takes frames from a playing video and hands them over until `stop`. */
export class Grabber {
  private readonly canvas = document.createElement('canvas');
  private readonly take = pace();
  private running = false;
  private underWay = false;
  private request = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly push: Push,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.next();
  }

  stop(): void {
    this.running = false;
    if (hasFrameCallback(this.video)) this.video.cancelVideoFrameCallback(this.request);
    else cancelAnimationFrame(this.request);
  }

  private next(): void {
    const onFrame = (now: number) => {
      if (!this.running) return;
      this.next();
      if (!this.underWay && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.take(now)) void this.grab();
    };
    if (hasFrameCallback(this.video)) this.request = this.video.requestVideoFrameCallback(onFrame);
    else this.request = requestAnimationFrame(onFrame);
  }

  private async grab(): Promise<void> {
    this.underWay = true;
    try {
      const [width, height] = fit(this.video.videoWidth, this.video.videoHeight);
      const jpeg = await this.encode(width, height);
      if (jpeg && this.running) await this.push(jpeg, width, height);
    } catch {
      // Not taken, perhaps because the camera is not wanted yet or no more: the next frame is tried.
    } finally {
      this.underWay = false;
    }
  }

  private async encode(width: number, height: number): Promise<Uint8Array | null> {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const context = this.canvas.getContext('2d', { alpha: false });
    if (!context || width === 0 || height === 0) return null;
    context.drawImage(this.video, 0, 0, width, height);
    const blob = await new Promise<Blob | null>((done) => this.canvas.toBlob(done, 'image/jpeg', JPEG_QUALITY));
    return blob ? new Uint8Array(await blob.arrayBuffer()) : null;
  }
}

// Old WebViews lack it; the type library doesn't know that.
function hasFrameCallback(video: HTMLVideoElement): boolean {
  return 'requestVideoFrameCallback' in video;
}
