// Stands in for the Rust side in a plain browser: answers commands and sends the events that a test asks for. Runs inside the
// page, before its own code. The window.__stub it leaves behind is what tests talk to.

export function installStub({ demo, actor, cameras, language, preferences, previewBase, divisions, waiting }) {
  const callbacks = new Map();
  let nextCallback = 1;
  const stub = {
    calls: [],
    frames: [],
    run: null,
    index: 0,
    waiting,
    refuse: {},
    /** Sends an event of the journey. */
    emit(event) {
      callbacks.get(stub.run)?.({ message: event, index: stub.index++ });
    },
  };
  const answers = {
    app_info: () => ({ demo, actor, cameras, language, preferences, consentVersion: 'face-1' }),
    divisions: ({ parent }) => divisions[parent ?? ''] ?? [],
    check_field: ({ field, value }) =>
      field === 'id_number' && value !== '11010519491231002X'
        ? { code: 'input.id_number_checksum', sentence: '身份证号码不对。', nextStep: '请对照身份证，再看一遍每个数字。' }
        : null,
    begin: ({ events }) => {
      stub.run = events.id;
      stub.index = 0;
      return null;
    },
    resume: ({ events }) => {
      stub.run = events.id;
      stub.index = 0;
      return stub.waiting.length > 0;
    },
    warm_camera: () => null,
    prompt_ended: () => null,
    cancel: () => null,
    retry: () => stub.run !== null,
    appeal: () => '2026-12-12',
    keep_preferences: () => null,
    outbox: () => stub.waiting,
    save_certificate: ({ kind }) => `/home/wang/图片/健在证书.${kind}`,
    push_frame: () => null,
  };
  window.__stub = stub;
  window.__TAURI_INTERNALS__ = {
    transformCallback(callback) {
      const id = nextCallback++;
      callbacks.set(id, callback);
      return id;
    },
    unregisterCallback: (id) => callbacks.delete(id),
    convertFileSrc: (path, scheme) => `${previewBase}/${scheme}/${encodeURIComponent(path)}`,
    async invoke(command, args, options) {
      if (command === 'push_frame') {
        stub.frames.push({ at: performance.now(), bytes: args.length, jpeg: args[0] === 0xff && args[1] === 0xd8, headers: options.headers });
      } else {
        const { events: _channel, ...plain } = args ?? {};
        stub.calls.push({ command, args: plain });
      }
      if (stub.refuse[command]) throw stub.refuse[command];
      return answers[command](args);
    },
  };
}

/** A few divisions of each kind: with districts, with none, and a municipality. */
export const DIVISIONS = {
  '': [
    ['110000', '北京市', true],
    ['120000', '天津市', true],
    ['130000', '河北省', true],
    ['150000', '内蒙古自治区', true],
    ['440000', '广东省', true],
    ['450000', '广西壮族自治区', true],
    ['650000', '新疆维吾尔自治区', true],
  ],
  110000: [['110105', '朝阳区', false]],
  440000: [
    ['440300', '深圳市', true],
    ['441900', '东莞市', false],
  ],
  440300: [
    ['440304', '福田区', false],
    ['440305', '南山区', false],
  ],
};
for (const [parent, list] of Object.entries(DIVISIONS)) {
  DIVISIONS[parent] = list.map(([code, name, hasChildren]) => ({ code, name, hasChildren }));
}
