// The contract with the Rust side: commands (see commands.ts), the events of one certification, and their values.
// Names are those of Rust; codes and sentences of reasons come from there and are never written here.

export type Language = 'zh' | 'en';

/** Who holds the phone. */
export type Mode = 'self' | 'assisted';

/** What a person can be told, as the coach names it (crates/liveness, `Instruction`). Left and right are the subject's own. */
export const INSTRUCTIONS = [
  'place_face',
  'face_forward',
  'in_place',
  'open_mouth',
  'turn_left',
  'turn_right',
  'look_up',
  'look_down',
  'well_done',
  'wait_for_word',
  'other_action',
  'finished',
] as const;
export type Instruction = (typeof INSTRUCTIONS)[number];

/** Actions that may be asked for, and that a person may be unable to do. */
export const ACTIONS = ['open_mouth', 'turn_left', 'turn_right', 'look_up', 'look_down'] as const;
export type Action = (typeof ACTIONS)[number];

/** What else a person may be unable to do (crates/wire, `Limitation`). Kept for one certification only. */
export const LIMITATIONS = ['cannot_open_mouth', 'cannot_turn_head', 'lying_down', 'one_eye', 'cannot_hear', 'cannot_see'] as const;
export type Limitation = (typeof LIMITATIONS)[number];

/** Why something is as it is: a stable code, a sentence, and what to do now. */
export interface Reason {
  code: string;
  sentence: string;
  nextStep: string;
}

export interface Division {
  code: string;
  name: string;
  hasChildren: boolean;
}

export type Camera = { kind: 'native'; id: string } | { kind: 'webview' } | { kind: 'actor' };

export const TEXT_SIZES = ['normal', 'large', 'huge'] as const;
export type TextSize = (typeof TEXT_SIZES)[number];

/** How people want the app on this device. */
export interface Preferences {
  textSize: TextSize;
  /** The language that was chosen; null: the system's. */
  language: Language | null;
  muted: boolean;
}

export interface AppInfo {
  demo: boolean;
  actor: boolean;
  /** The system's. */
  language: Language;
  preferences: Preferences;
  cameras: { id: string; name: string }[];
  consentVersion: string;
}

export interface Person {
  name: string;
  id_number: string;
  insured_place: string;
  residence: string;
  limitations: Limitation[];
}

export type FieldName = 'name' | 'id_number' | 'insured_place' | 'residence';
export type ConsentBy = 'beneficiary' | 'beneficiary_spoken';

export interface BeginRequest {
  mode: Mode;
  person: Person;
  consent: { by: ConsentBy };
  cannot: Action[];
  camera: Camera;
  language: Language;
}

/** Where the face is relative to the oval; `dx`, `dy` in the frame as the camera sees it. */
export interface Placement {
  size: number;
  dx: number;
  dy: number;
  ok: boolean;
}

export interface Certificate {
  serial: string;
  validUntil: string;
  maskedName: string;
  text: string;
}

/** What happens during one certification, in the order in which it may happen. */
export type JourneyEvent =
  | { event: 'activated' }
  | { event: 'camera'; state: 'opening' | 'ready' }
  | { event: 'tell'; id: number; instruction: Instruction }
  | { event: 'hint'; reason: Reason | null }
  | ({ event: 'placement' } & Placement)
  | { event: 'progress'; done: number; needed: number }
  | { event: 'saved' }
  | { event: 'upload'; sent: number; total: number }
  | { event: 'judging' }
  | ({ event: 'certified' } & Certificate)
  | { event: 'refused'; reasons: Reason[]; canAppeal: boolean }
  | { event: 'review'; reasons: Reason[] }
  | { event: 'failed'; reason: Reason; canRetry: boolean };
