// Speaks. A clip is fetched once, then played from memory (a blob): WebKitGTK plays no sound from the app's own scheme.
//
// In: the id of a clip. Out: `done`, exactly once for each clip that was asked for: when it has ended, when another one took
// its place, or, if it cannot play (no clip, no sound system, sound off), after the time it would have taken, so that those
// who read are given as long as those who listen. For those who cannot hear nothing is spoken and nothing waits for speech:
// `done` comes after a glance at the words, which stay.

import lengths from '../../voice/clips.json';
import type { Language } from './contract';

/** Time to read a line that has no clip, in milliseconds. */
const READING_MS = 2500;
/** Time to notice new words for somebody who never listens, in milliseconds. The words stay on the screen. */
const GLANCE_MS = 700;
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
    private readonly isUnheard: () => boolean = () => false,
  ) {}

  get busy(): boolean {
    return this.current !== null;
  }

  /** Makes ready to say these without delay. */
  prepare(clips: readonly string[]): void {
    if (!this.isSilent() && !this.isUnheard()) this.player.prepare(clips.map((clip) => clipPath(clip, this.language())));
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
    if (this.isUnheard()) {
      wait(GLANCE_MS);
      return;
    }
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

/** Plays each clip through an `<audio>` element of its own, made once and kept: WebKitGTK stops for good when an element is given
    another source while it still reads the last one. */
export function audioPlayer(): Player {
  const ready = new Map<ClipPath, Promise<HTMLAudioElement>>();
  const load = (clip: ClipPath) => {
    const known = ready.get(clip) ?? fetchClip(clip);
    ready.set(clip, known);
    known.catch(() => ready.delete(clip));
    return known;
  };
  let latest = 0;
  let playing: HTMLAudioElement | null = null;
  return {
    prepare(clips) {
      for (const clip of clips) load(clip).catch(() => {});
    },
    async play(clip) {
      const mine = ++latest;
      const audio = await load(clip);
      if (mine !== latest) return;
      playing = audio;
      if (audio.currentTime > 0) audio.currentTime = 0;
      await new Promise<void>((resolve, reject) => {
        const fail = () => reject(new Error(`cannot play ${clip}`));
        if (audio.error) return fail();
        audio.onended = () => resolve();
        audio.onerror = fail;
        audio.play().catch(reject);
      });
    },
    stop() {
      latest += 1;
      playing?.pause();
      playing = null;
    },
  };
}

async function fetchClip(clip: ClipPath): Promise<HTMLAudioElement> {
  const answer = await fetch(clip);
  if (!answer.ok) throw new Error(`no clip ${clip}`);
  const audio = new Audio(URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: 'audio/mpeg' })));
  audio.preload = 'auto';
  return audio;
}
