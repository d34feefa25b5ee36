// The WebView's camera: opened while the person reads, kept through the capture, closed when it is over.

import type { Mode } from './contract';
import { CameraTrouble, openStream, type TroubleKind } from './grabber';

class Webcam {
  stream = $state.raw<MediaStream | null>(null);
  trouble = $state<TroubleKind | null>(null);
  private mode: Mode | null = null;
  /** Counts openings and closings, so that a stream that arrives after a closing is closed at once. */
  private turn = 0;

  /** Opens the camera that suits `mode`, unless it is open. */
  async open(mode: Mode): Promise<void> {
    if (this.stream?.active && this.mode === mode) return;
    this.close();
    const mine = ++this.turn;
    this.mode = mode;
    this.trouble = null;
    try {
      const stream = await openStream(mode);
      if (mine === this.turn) this.use(stream, mine);
      else stop(stream);
    } catch (error) {
      if (mine === this.turn) this.trouble = error instanceof CameraTrouble ? error.kind : 'missing';
    }
  }

  private use(stream: MediaStream, mine: number): void {
    this.stream = stream;
    for (const track of stream.getTracks()) {
      // Unplugged, or taken by another program. Our own closing is not heard here.
      track.addEventListener('ended', () => {
        if (mine !== this.turn) return;
        this.close();
        this.trouble = 'busy';
      });
    }
  }

  close(): void {
    this.turn += 1;
    if (this.stream) stop(this.stream);
    this.stream = null;
    this.mode = null;
  }
}

const stop = (stream: MediaStream) => {
  // A stream that a test feeds is the test's to end.
  if (!__TEST_HOOKS__) stream.getTracks().forEach((track) => track.stop());
};

export const webcam = new Webcam();
