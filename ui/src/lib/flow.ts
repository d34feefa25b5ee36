// The screens of one certification as a pure state machine: state and action in, new state out. No I/O, no clock, no DOM.
// Whatever a screen shows follows from this state; whatever a person or Rust does arrives as an action.
//
// Screens, in order: welcome -> who -> insured -> residence -> consent -> ready -> capture -> sending -> result.
// Other ways to certify (`otherWays`) lie over any screen up to capture. Events that come late, after the person has
// left, change nothing.

import type {
  Action as LivenessAction,
  Camera,
  Certificate,
  Division,
  Instruction,
  JourneyEvent,
  Limitation,
  Mode,
  Placement,
  Reason,
} from './contract';

export type Screen = 'welcome' | 'who' | 'insured' | 'residence' | 'consent' | 'ready' | 'capture' | 'sending' | 'result';

const ORDER: readonly Screen[] = ['welcome', 'who', 'insured', 'residence', 'consent', 'ready'];

/** A chosen place: the divisions from the province down; the last one is what is sent. */
export type Place = Pick<Division, 'code' | 'name'>[];

export interface Form {
  name: string;
  idNumber: string;
  insured: Place;
  residence: Place;
}

export interface Capture {
  activated: boolean;
  camera: 'none' | 'opening' | 'ready';
  tell: { id: number; instruction: Instruction } | null;
  hint: Reason | null;
  placement: Placement | null;
  done: number;
  needed: number;
}

export type Outcome =
  | { state: 'certified'; certificate: Certificate }
  | { state: 'review'; reasons: Reason[] }
  | { state: 'refused'; reasons: Reason[]; canAppeal: boolean }
  | { state: 'failed'; reasons: Reason[]; canRetry: boolean };

export interface Delivery {
  /** Durable on this device: from here on nothing is lost, and nothing is done again. */
  saved: boolean;
  sent: number;
  total: number;
  judging: boolean;
}

export interface State {
  screen: Screen;
  otherWays: boolean;
  mode: Mode;
  form: Form;
  consented: boolean;
  cannot: LivenessAction[];
  limitations: Limitation[];
  camera: Camera;
  /** Counts the starts; a screen that sees a new number begins anew. */
  run: number;
  /** How the current run starts: from the facts, as a further attempt under the same activation, or with what waits. */
  start: 'begin' | 'retry' | 'resume';
  capture: Capture;
  delivery: Delivery;
  outcome: Outcome | null;
}

export type Action =
  | { do: 'choose_mode'; mode: Mode }
  | { do: 'back' }
  | { do: 'set_who'; name: string; idNumber: string }
  | { do: 'set_insured'; place: Place }
  | { do: 'set_residence'; place: Place }
  | { do: 'agree' }
  | { do: 'decline' }
  | { do: 'toggle_cannot'; action: LivenessAction }
  | { do: 'toggle_limitation'; limitation: Limitation }
  | { do: 'choose_camera'; camera: Camera }
  | { do: 'start' }
  | { do: 'resume' }
  | { do: 'event'; run: number; event: JourneyEvent }
  | { do: 'stop' }
  | { do: 'try_again' }
  | { do: 'check_facts' }
  | { do: 'restart' }
  | { do: 'show_other_ways' }
  | { do: 'hide_other_ways' };

const noCapture = (): Capture => ({
  activated: false,
  camera: 'none',
  tell: null,
  hint: null,
  placement: null,
  done: 0,
  needed: 0,
});
const noDelivery = (): Delivery => ({ saved: false, sent: 0, total: 0, judging: false });
const emptyForm = (): Form => ({ name: '', idNumber: '', insured: [], residence: [] });

export function initial(camera: Camera): State {
  return {
    screen: 'welcome',
    otherWays: false,
    mode: 'self',
    form: emptyForm(),
    consented: false,
    cannot: [],
    limitations: [],
    camera,
    run: 0,
    start: 'begin',
    capture: noCapture(),
    delivery: noDelivery(),
    outcome: null,
  };
}

export function reduce(state: State, action: Action): State {
  switch (action.do) {
    case 'choose_mode':
      return { ...initial(state.camera), run: state.run, mode: action.mode, screen: 'who' };
    case 'back':
      return back(state);
    case 'set_who': {
      // Another person than before: what was said and agreed for the one before does not count.
      const same = state.form.idNumber === action.idNumber;
      return {
        ...state,
        form: { ...state.form, name: action.name, idNumber: action.idNumber },
        consented: state.consented && same,
        cannot: same ? state.cannot : [],
        limitations: same ? state.limitations : [],
        screen: 'insured',
      };
    }
    case 'set_insured':
      return { ...state, form: { ...state.form, insured: action.place }, screen: 'residence' };
    case 'set_residence':
      return { ...state, form: { ...state.form, residence: action.place }, screen: 'consent' };
    case 'agree':
      return complete(state.form) ? { ...state, consented: true, screen: 'ready' } : { ...state, screen: 'who' };
    case 'decline':
      return { ...state, consented: false, otherWays: true };
    case 'toggle_cannot':
      return { ...state, cannot: toggled(state.cannot, action.action) };
    case 'toggle_limitation':
      return { ...state, limitations: toggled(state.limitations, action.limitation) };
    case 'choose_camera':
      return { ...state, camera: action.camera };
    case 'start':
      return state.consented && complete(state.form) ? started(state, 'begin') : state;
    case 'event':
      return action.run === state.run ? heard(state, action.event) : state;
    case 'stop':
      // A new run number makes whatever still arrives for the stopped one too late to matter.
      return { ...state, run: state.run + 1, screen: 'ready', capture: noCapture(), delivery: noDelivery(), outcome: null };
    case 'resume':
      return { ...initial(state.camera), run: state.run + 1, start: 'resume', screen: 'sending', delivery: { ...noDelivery(), saved: true } };
    case 'try_again':
      return triedAgain(state);
    case 'check_facts':
      return { ...state, run: state.run + 1, screen: 'who', capture: noCapture(), delivery: noDelivery(), outcome: null };
    case 'restart':
      return { ...initial(state.camera), run: state.run + 1 };
    case 'show_other_ways':
      return { ...state, otherWays: true };
    case 'hide_other_ways':
      return { ...state, otherWays: false };
  }
}

/** Whether every one of the four facts was given. */
export function complete(form: Form): boolean {
  return form.name !== '' && form.idNumber !== '' && form.insured.length > 0 && form.residence.length > 0;
}

/** The code of a chosen place: that of its last division. */
export const placeCode = (place: Place): string => place.at(-1)?.code ?? '';

/** The name of a chosen place, province first. */
export const placeName = (place: Place): string => place.map((division) => division.name).join(' ');

function back(state: State): State {
  if (state.otherWays) return { ...state, otherWays: false };
  const before = ORDER[ORDER.indexOf(state.screen) - 1];
  return before ? { ...state, screen: before } : state;
}

function toggled<T>(list: T[], one: T): T[] {
  return list.includes(one) ? list.filter((other) => other !== one) : [...list, one];
}

function started(state: State, start: State['start']): State {
  // A further attempt goes on in the channel of the run it belongs to; only a fresh start takes a new number.
  const run = start === 'begin' ? state.run + 1 : state.run;
  const capture = { ...noCapture(), activated: start === 'retry' };
  return { ...state, run, start, screen: 'capture', otherWays: false, capture, delivery: noDelivery(), outcome: null };
}

function triedAgain(state: State): State {
  if (state.outcome?.state === 'failed' && state.delivery.saved) {
    return { ...state, start: 'retry', screen: 'sending', outcome: null };
  }
  if (!state.consented) return { ...initial(state.camera), run: state.run + 1 };
  return started(state, state.capture.activated ? 'retry' : 'begin');
}

function heard(state: State, event: JourneyEvent): State {
  if (state.screen !== 'capture' && state.screen !== 'sending') return state;
  const capture = state.capture;
  switch (event.event) {
    case 'activated':
      return { ...state, capture: { ...capture, activated: true } };
    case 'camera':
      return { ...state, capture: { ...capture, camera: event.state } };
    case 'tell':
      return { ...state, capture: { ...capture, tell: { id: event.id, instruction: event.instruction }, hint: null } };
    case 'hint':
      return { ...state, capture: { ...capture, hint: event.reason } };
    case 'placement': {
      const { size, dx, dy, ok } = event;
      return { ...state, capture: { ...capture, placement: { size, dx, dy, ok } } };
    }
    case 'progress':
      return { ...state, capture: { ...capture, done: event.done, needed: event.needed } };
    case 'saved':
      return { ...state, screen: 'sending', capture: { ...capture, hint: null }, delivery: { ...state.delivery, saved: true } };
    case 'upload':
      return { ...state, screen: 'sending', delivery: { ...state.delivery, sent: event.sent, total: event.total } };
    case 'judging':
      return { ...state, screen: 'sending', delivery: { ...state.delivery, judging: true } };
    case 'certified': {
      const { serial, validUntil, maskedName, text } = event;
      return ended(state, { state: 'certified', certificate: { serial, validUntil, maskedName, text } });
    }
    case 'refused':
      return ended(state, { state: 'refused', reasons: event.reasons, canAppeal: event.canAppeal });
    case 'review':
      return ended(state, { state: 'review', reasons: event.reasons });
    case 'failed':
      return ended(state, { state: 'failed', reasons: [event.reason], canRetry: event.canRetry });
  }
}

function ended(state: State, outcome: Outcome): State {
  return { ...state, screen: 'result', outcome };
}
