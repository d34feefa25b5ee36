// Speaks. A clip is fetched once, then played from memory (a blob): WebKitGTK plays no sound from the app's own scheme.
//
// In: the id of a clip. Out: `done`, exactly once for each clip that was asked for: when it has ended, when another one took
// its place, or, if it cannot play (no clip, no sound system, sound off), after the time it would have taken, so that those
// who read are given as long as those who listen.

import lengths from '../../voice/clips.json';
import type { Language } from './contract';

/** Time to read a line that has no clip, in milliseconds. */
const READING_MS = 2500;
/** A clip that has not ended this long after it should have is taken for stuck. */
const SLACK_MS = 2500;

/** Address of a clip, below the page. */
export type ClipPath = `/voice/${Language}/${string}.mp3`;

export interface Player {
  /** Fetches clips before they are needed: a late voice would lag behind the words on the screen. */
  prepare(clips: readonly ClipPath[]): void;
  /** Plays; resolves at its end, rejects if it can't play. */
  play(clip: ClipPath): Promise<void>;
  stop(): void;
}

export class Prompter {
  private current: { finish: () => void } | null = null;

  constructor(
    private readonly player: Player,
    private readonly language: () => Language,
    private readonly isSilent: () => boolean,
  ) {}

  get busy(): boolean {
    return this.current !== null;
  }

  /** Makes ready to say these without delay. */
  prepare(clips: readonly string[]): void {
    if (!this.isSilent()) this.player.prepare(clips.map((clip) => clipPath(clip, this.language())));
  }

  /** Speaks `clip` instead of whatever is being said. */
  say(clip: string, done: () => void = () => {}): void {
    this.hush();
    const length = clipLength(clip, this.language());
    let open = true;
    let timer = 0;
    const finish = () => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      if (this.current === mine) this.current = null;
      done();
    };
    const mine = { finish };
    this.current = mine;
    const wait = (ms: number) => {
      clearTimeout(timer);
      if (open) timer = setTimeout(finish, ms) as unknown as number;
    };
    if (length === null || this.isSilent()) {
      wait(length ?? READING_MS);
      return;
    }
    wait(length + SLACK_MS);
    this.player.play(clipPath(clip, this.language())).then(finish, () => wait(length));
  }

  /** Speaks `clip` unless something is being said. */
  sayIfQuiet(clip: string): void {
    if (!this.busy) this.say(clip);
  }

  hush(): void {
    const { current } = this;
    this.current = null;
    this.player.stop();
    current?.finish();
  }
}

/** The length of a clip in milliseconds; null if there is no such clip. */
export function clipLength(clip: string, language: Language): number | null {
  return (lengths[language] as Record<string, number>)[clip] ?? null;
}

const clipPath = (clip: string, language: Language): ClipPath => `/voice/${language}/${clip}.mp3`;

/** Plays clips through one `<audio>` element, so that a phone that has allowed it once allows it for all. */
export function audioPlayer(): Player {
  const audio = new Audio();
  const blobs = new Map<string, Promise<string>>();
  const load = (clip: ClipPath) => {
    const known = blobs.get(clip) ?? fetchClip(clip);
    blobs.set(clip, known);
    known.catch(() => blobs.delete(clip));
    return known;
  };
  let latest = 0;
  return {
    prepare(clips) {
      for (const clip of clips) load(clip).catch(() => {});
    },
    async play(clip) {
      const mine = ++latest;
      const url = await load(clip);
      if (mine !== latest) return;
      audio.src = url;
      await new Promise<void>((resolve, reject) => {
        audio.onended = () => resolve();
        audio.onerror = () => reject(new Error(`cannot play ${clip}`));
        audio.play().catch(reject);
      });
    },
    stop() {
      latest += 1;
      audio.pause();
    },
  };
}

async function fetchClip(clip: ClipPath): Promise<string> {
  const answer = await fetch(clip);
  if (!answer.ok) throw new Error(`no clip ${clip}`);
  return URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: 'audio/mpeg' }));
}
