import { describe, expect, it } from 'vitest';
import type { JourneyEvent, Reason } from './contract';
import { initial, placeCode, placeName, reduce, type Action, type State } from './flow';

const city = [
  { code: '440000', name: '广东省' },
  { code: '440300', name: '深圳市' },
];
const reason: Reason = { code: 'face.too_dark', sentence: '太暗', nextStep: '开灯' };

const play = (state: State, ...actions: Action[]) => actions.reduce(reduce, state);
const fresh = () => initial({ kind: 'webview' });
const filled = (mode: 'self' | 'assisted' = 'self') =>
  play(
    fresh(),
    { do: 'choose_mode', mode },
    { do: 'set_who', name: '王小明', idNumber: '11010519491231002X' },
    { do: 'set_insured', place: city },
    { do: 'set_residence', place: city },
  );
const capturing = () => play(filled(), { do: 'agree' }, { do: 'start' });
const hear = (state: State, ...events: JourneyEvent[]) =>
  play(state, ...events.map((event): Action => ({ do: 'event', run: state.run, event })));

describe('the way there', () => {
  it('asks one thing after another, and goes back the same way with everything kept', () => {
    let state = filled();
    expect(state.screen).toBe('consent');
    for (const screen of ['residence', 'insured', 'who', 'welcome', 'welcome']) {
      state = reduce(state, { do: 'back' });
      expect(state.screen).toBe(screen);
      expect(state.form.name).toBe('王小明');
    }
  });

  it('does not start without consent or with a fact missing', () => {
    expect(play(filled(), { do: 'start' }).screen).toBe('consent');
    const missing = play(fresh(), { do: 'choose_mode', mode: 'self' }, { do: 'agree' });
    expect(missing.screen).toBe('who');
    expect(missing.consented).toBe(false);
  });

  it('forgets the consent when another person is entered, and keeps it when only the name was mended', () => {
    const agreed = play(filled(), { do: 'agree' });
    expect(play(agreed, { do: 'set_who', name: '王晓明', idNumber: '11010519491231002X' }).consented).toBe(true);
    expect(play(agreed, { do: 'set_who', name: '李四', idNumber: '440524188001010014' }).consented).toBe(false);
  });

  it('shows the other ways after a no, over the same screen', () => {
    const declined = play(filled(), { do: 'decline' });
    expect([declined.screen, declined.otherWays, declined.consented]).toEqual(['consent', true, false]);
    expect(reduce(declined, { do: 'back' })).toMatchObject({ screen: 'consent', otherWays: false });
  });

  it('remembers what the person cannot do, and unremembers it', () => {
    const once = reduce(filled(), { do: 'toggle_cannot', action: 'open_mouth' });
    expect(once.cannot).toEqual(['open_mouth']);
    expect(reduce(once, { do: 'toggle_cannot', action: 'open_mouth' }).cannot).toEqual([]);
  });

  it('remembers limitations for this person alone', () => {
    const once = play(filled(), { do: 'toggle_limitation', limitation: 'cannot_hear' }, { do: 'toggle_limitation', limitation: 'lying_down' });
    expect(once.limitations).toEqual(['cannot_hear', 'lying_down']);
    expect(reduce(once, { do: 'toggle_limitation', limitation: 'cannot_hear' }).limitations).toEqual(['lying_down']);
    expect(play(once, { do: 'set_who', name: '李四', idNumber: '440524188001010014' }).limitations).toEqual([]);
    expect(play(once, { do: 'restart' }).limitations).toEqual([]);
  });

  it('sends the lowest division that was chosen', () => {
    expect(placeCode(city)).toBe('440300');
    expect(placeName(city)).toBe('广东省 深圳市');
    expect(placeCode([])).toBe('');
  });
});

describe('the certification', () => {
  it('goes from capture over sending to the certificate', () => {
    const asked = hear(
      capturing(),
      { event: 'activated' },
      { event: 'camera', state: 'ready' },
      { event: 'hint', reason },
      { event: 'tell', id: 7, instruction: 'turn_left' },
      { event: 'progress', done: 1, needed: 3 },
    );
    expect(asked.capture).toMatchObject({ tell: { id: 7, instruction: 'turn_left' }, hint: null, done: 1, needed: 3 });
    const sending = hear(asked, { event: 'saved' }, { event: 'upload', sent: 10, total: 20 }, { event: 'judging' });
    expect(sending).toMatchObject({ screen: 'sending', delivery: { saved: true, sent: 10, total: 20, judging: true } });
    const certificate = { serial: 'A1', validUntil: '2027-11-21', maskedName: '**明', text: '…' };
    const done = hear(sending, { event: 'certified', ...certificate });
    expect(done).toMatchObject({ screen: 'result', outcome: { state: 'certified', certificate } });
  });

  it('tries again under the same activation, or from the facts if there is none', () => {
    const refused = hear(capturing(), { event: 'activated' }, { event: 'refused', reasons: [reason], canAppeal: true });
    const again = reduce(refused, { do: 'try_again' });
    expect(again).toMatchObject({ screen: 'capture', start: 'retry', run: refused.run, outcome: null });
    expect(again.capture.activated).toBe(true);

    const unreached = hear(capturing(), { event: 'failed', reason, canRetry: true });
    const anew = reduce(unreached, { do: 'try_again' });
    expect(anew).toMatchObject({ screen: 'capture', start: 'begin', run: unreached.run + 1 });
  });

  it('never captures again what is saved: a failed delivery is only delivered again', () => {
    const failed = hear(capturing(), { event: 'activated' }, { event: 'saved' }, { event: 'failed', reason, canRetry: true });
    expect(reduce(failed, { do: 'try_again' })).toMatchObject({ screen: 'sending', start: 'retry', run: failed.run, outcome: null });
    const refused = hear(capturing(), { event: 'activated' }, { event: 'saved' }, { event: 'refused', reasons: [reason], canAppeal: true });
    expect(reduce(refused, { do: 'try_again' })).toMatchObject({ screen: 'capture', start: 'retry', delivery: { saved: false } });
  });

  it('takes up what waited; with the person gone, trying anew begins at the beginning', () => {
    const resumed = reduce(fresh(), { do: 'resume' });
    expect(resumed).toMatchObject({ screen: 'sending', start: 'resume', delivery: { saved: true } });
    const unreached = hear(resumed, { event: 'failed', reason, canRetry: true });
    expect(reduce(unreached, { do: 'try_again' })).toMatchObject({ screen: 'sending', start: 'retry' });
    const refused = hear(resumed, { event: 'refused', reasons: [reason], canAppeal: true });
    expect(reduce(refused, { do: 'try_again' }).screen).toBe('welcome');
  });

  it('ignores what arrives after the person stopped', () => {
    const running = capturing();
    const late: Action = { do: 'event', run: running.run, event: { event: 'refused', reasons: [reason], canAppeal: true } };
    const stopped = reduce(running, { do: 'stop' });
    expect(stopped.screen).toBe('ready');
    expect(reduce(stopped, late)).toEqual(stopped);
    const restarted = reduce(stopped, { do: 'start' });
    expect(reduce(restarted, late)).toEqual(restarted);
  });

  it('leads from unconfirmed facts back to the form with the facts kept', () => {
    const failed = hear(capturing(), { event: 'failed', reason, canRetry: false });
    const form = reduce(failed, { do: 'check_facts' });
    expect([form.screen, form.form.name, form.outcome]).toEqual(['who', '王小明', null]);
  });

  it('keeps nothing of the person when the next one begins', () => {
    const done = hear(capturing(), { event: 'refused', reasons: [reason], canAppeal: true });
    for (const action of [{ do: 'restart' }, { do: 'choose_mode', mode: 'assisted' }] satisfies Action[]) {
      const next = reduce(done, action);
      expect(next.form).toEqual({ name: '', idNumber: '', insured: [], residence: [] });
      expect([next.consented, next.cannot, next.outcome]).toEqual([false, [], null]);
    }
  });
});
