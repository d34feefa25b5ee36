// One certification as the screens see it: the state (flow.ts) and the calls into Rust that its changes ask for. The only
// place where state, commands and voice meet.

import * as rust from './commands';
import type { AppInfo, Camera, JourneyEvent, Limitation, Reason } from './contract';
import type { TroubleKind } from './grabber';
import { initial, placeCode, reduce, type Action, type State } from './flow';
import { wayBack } from './oval';
import { Prompter, audioPlayer, clipLength } from './prompter';
import { settings } from './settings.svelte';

/** A hint is spoken again only after this long, in milliseconds: said too often it hurries people. */
const HINT_AGAIN_MS = 7000;
/** For those who cannot see it, a hint that still holds is spoken again this long after it was, in milliseconds. */
const HINT_UNSEEN_MS = 3500;
/** Length of the vibration with each instruction for those who cannot hear it, in milliseconds. */
const NUDGE_MS = 200;

class Journey {
  info = $state.raw<AppInfo | null>(null);
  state = $state.raw<State>(initial({ kind: 'webview' }));
  voice = new Prompter(audioPlayer(), () => settings.language, () => settings.muted, () => this.is('cannot_hear'));
  private hintSaid = { code: '', at: -Infinity };
  private unseenHint = 0;

  /** Whether this is so of the person of the present run. */
  is(limitation: Limitation): boolean {
    return this.state.limitations.includes(limitation);
  }

  async load(): Promise<void> {
    const info = await rust.appInfo();
    settings.load(info.preferences, info.language);
    this.info = info;
    this.state = initial(firstCamera(info));
  }

  act(action: Action): void {
    const before = this.state;
    this.state = reduce(before, action);
    if (STARTS.includes(action.do)) this.run(before);
    if (this.state.screen !== 'capture') clearTimeout(this.unseenHint);
    if (leavesRun(action)) {
      this.voice.hush();
      // What is saved stays in the outbox: it is sent in the background, and its end can still be shown.
      if (before.screen === 'capture' || before.screen === 'sending') rust.cancel().catch(ignore);
    }
    // A camera that Rust made ready goes dark when the person turns back.
    if (before.screen === 'ready' && !['ready', 'capture'].includes(this.state.screen)) rust.cancel().catch(ignore);
  }

  /** Speaks the current instruction again. */
  sayAgain(): void {
    const tell = this.state.capture.tell;
    if (tell) this.voice.say(tell.instruction);
  }

  /** Reads out the consent because the person asked for it: then the sound is wanted, whatever was set before. */
  readConsent(done: () => void): void {
    if (settings.muted) settings.toggleSound();
    this.voice.say('consent', done);
  }

  toggleSound(): void {
    settings.toggleSound();
    if (settings.muted) this.voice.hush();
    else this.sayAgain();
  }

  /** The WebView's camera cannot be used, or no more. */
  cameraTrouble(kind: TroubleKind): void {
    const { title, steps } = settings.words.doctor;
    rust.cancel().catch(ignore);
    const reason = { code: `camera.${kind}`, sentence: title[kind], nextStep: steps[kind].desktop[0] ?? '' };
    this.hear(this.state.run, { event: 'failed', reason, canRetry: true });
  }

  private run(before: State): void {
    const { state } = this;
    if (state === before || (state.screen !== 'capture' && state.screen !== 'sending')) return;
    this.hintSaid = { code: '', at: -Infinity };
    // Who cannot see depends on the sound, whatever was set before.
    if (this.is('cannot_see') && settings.muted) settings.toggleSound();
    if (state.screen === 'capture') this.voice.say('ready');
    const asked = { begin: () => this.begin(state), retry: () => this.retry(state.run), resume: () => this.resume(state.run) }[state.start]();
    asked.catch((error: unknown) => this.hear(state.run, { event: 'failed', reason: reasonOf(error), canRetry: true }));
  }

  private begin(state: State): Promise<void> {
    const { run, mode, form, cannot, limitations, camera } = state;
    return rust.begin(
      {
        mode,
        person: {
          name: form.name,
          id_number: form.idNumber,
          insured_place: placeCode(form.insured),
          residence: placeCode(form.residence),
          limitations,
        },
        consent: { by: mode === 'self' ? 'beneficiary' : 'beneficiary_spoken' },
        cannot,
        camera,
        language: settings.language,
      },
      (event) => this.hear(run, event),
    );
  }

  /** Where nothing is under way that could be tried again, taking up what waits had failed: that is tried. */
  private async retry(run: number): Promise<void> {
    if (!(await rust.retry())) await this.resume(run);
  }

  private async resume(run: number): Promise<void> {
    const waited = await rust.resume(settings.language, (event) => this.hear(run, event));
    // Delivered meanwhile: there is nothing to show.
    if (!waited && run === this.state.run) this.act({ do: 'restart' });
  }

  private hear(run: number, event: JourneyEvent): void {
    if (run !== this.state.run) return;
    this.act({ do: 'event', run, event });
    switch (event.event) {
      case 'tell':
        clearTimeout(this.unseenHint);
        if (this.is('cannot_hear')) vibrate();
        this.voice.say(event.instruction, () => rust.promptEnded(event.id).catch(ignore));
        break;
      case 'hint':
        clearTimeout(this.unseenHint);
        if (event.reason && this.is('cannot_see')) this.speakUnseen(event.reason.code);
        else if (event.reason) this.speakHint(event.reason.code);
        break;
      case 'saved':
      case 'certified':
      case 'review':
      case 'refused':
        this.voice.say(event.event);
    }
  }

  /** Speaks a hint as often as it takes, with a pause in between, and which way to move as it is by then; an instruction is never
      cut short for it. */
  private speakUnseen(code: string): void {
    const { placement } = this.state.capture;
    const clip = code === 'face.off_centre' && placement ? `move.${wayBack(placement)}` : code;
    if (clipLength(clip, settings.language) === null) return;
    this.voice.sayIfQuiet(clip);
    this.unseenHint = setTimeout(() => this.speakUnseen(code), HINT_UNSEEN_MS) as unknown as number;
  }

  private speakHint(code: string): void {
    const now = performance.now();
    const again = code === this.hintSaid.code && now - this.hintSaid.at < HINT_AGAIN_MS;
    if (again || this.voice.busy || clipLength(code, settings.language) === null) return;
    this.hintSaid = { code, at: now };
    this.voice.say(code);
  }
}

/** Where the platform can (Android; not iOS, not desktops). */
function vibrate(): void {
  if ('vibrate' in navigator) navigator.vibrate(NUDGE_MS);
}

/** A camera that Rust drives, before the demo's actor, before the WebView's own. */
function firstCamera(info: AppInfo): Camera {
  const [native] = info.cameras;
  if (native) return { kind: 'native', id: native.id };
  return info.actor ? { kind: 'actor' } : { kind: 'webview' };
}

/** Actions that start a run. */
const STARTS: readonly Action['do'][] = ['start', 'resume', 'try_again'];

/** Whether an action ends the run that is under way. */
const leavesRun = (action: Action): boolean => ['stop', 'restart', 'check_facts', 'choose_mode'].includes(action.do);

/** A call that failed: Rust's own reason, or that the program has a fault. */
function reasonOf(error: unknown): Reason {
  if (isReason(error)) return error;
  const { sentence, nextStep } = settings.words.fault;
  return { code: '', sentence, nextStep };
}

function isReason(value: unknown): value is Reason {
  return typeof value === 'object' && value !== null && 'code' in value && 'sentence' in value && 'nextStep' in value;
}

/** For calls whose failure changes nothing for the person; what matters arrives as an event. */
const ignore = () => {};

export const journey = new Journey();
