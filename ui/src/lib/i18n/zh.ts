// Chinese, the first language. Short sentences, no jargon, 您. Every other language has exactly these entries.
//
// Sentences of reasons come from Rust and are not here. `instructions` has two readers: `say` is for whoever is being
// looked at, `help` for who holds the phone for them.

import type { Action, Instruction } from '../contract';

export interface Instructed {
  say: string;
  help: string;
}

const instructions: Record<Instruction, Instructed> = {
  place_face: { say: '把脸放进圆框里', help: '把老人的脸放进圆框里' },
  face_forward: { say: '看着手机，不要动', help: '请老人看着手机，不要动' },
  open_mouth: { say: '慢慢张大嘴巴，再闭上', help: '请老人张大嘴巴，再闭上' },
  turn_left: { say: '慢慢向左转头，再转回来', help: '请老人向老人自己的左边转头，再转回来' },
  turn_right: { say: '慢慢向右转头，再转回来', help: '请老人向老人自己的右边转头，再转回来' },
  look_up: { say: '慢慢抬起头，再放平', help: '请老人慢慢抬起头，再放平' },
  look_down: { say: '慢慢低下头，再抬起来', help: '请老人慢慢低下头，再抬起来' },
  well_done: { say: '做得很好', help: '做得很好' },
  wait_for_word: { say: '不着急，听我说了再做', help: '不着急，请老人听到了再做' },
  other_action: { say: '没关系，我们换一个动作', help: '没关系，换一个动作' },
  finished: { say: '拍好了，谢谢您', help: '拍好了，谢谢' },
};

const cannot: Record<Action, string> = {
  open_mouth: '张不开嘴',
  turn_left: '头不能向左转',
  turn_right: '头不能向右转',
  look_up: '头抬不起来',
  look_down: '头低不下去',
};

export const zh = {
  appName: '健在',
  tagline: '养老金领取资格认证',
  back: '返回',
  next: '下一步',
  close: '知道了',
  textSize: '字号',
  textSizes: { normal: '标准', large: '大', huge: '特大' },
  otherLanguage: 'English',
  notByFace: '不想刷脸？还有别的办法',
  waiting: '请稍等…',

  welcome: {
    title: '您给谁认证？',
    self: '为自己认证',
    selfHint: '我就是领养老金的人',
    assisted: '帮别人认证',
    assistedHint: '我帮家人、邻居拿手机',
    waiting: '有 {n} 份认证已保存，还没有发送完。不用重做。',
    resume: '现在发送',
  },
  who: {
    titleSelf: '您是哪一位？',
    titleAssisted: '给哪一位老人认证？',
    name: '姓名',
    nameHint: '和身份证上一样',
    idNumber: '身份证号码',
    idHint: '18 位，最后一位可能是 X',
    missing: { name: '请填写姓名。', id_number: '请填写身份证号码。' },
  },
  place: {
    insuredSelf: '您在哪里参保？',
    insuredAssisted: '老人在哪里参保？',
    insuredHint: '就是发养老金的地方',
    residenceSelf: '您现在住在哪里？',
    residenceAssisted: '老人现在住在哪里？',
    residenceHint: '平时住的地方',
    sameAsInsured: '和参保地一样',
    chooseProvince: '先选省份',
    chooseBelow: '再选{name}的哪里',
    suggested: '身份证上的省份',
    whole: '就选{name}，不往下选',
    again: '重新选',
    chosen: '已选',
  },
  consent: {
    title: '同意用您的脸认证吗？',
    titleAssisted: '请把这段话念给老人听',
    // The text of this version, word for word as the terminal shows it (crates/journey, `consent_text`).
    text: [
      '为了证明您健在，我们会拍摄您的脸部视频和照片，与社保登记的照片比对。',
      '拍摄内容在本机加密后才保存和发送，只用于这次认证，由社保经办机构处理，到期删除，不用于其他用途。',
      '您可以不同意。不同意时，请到社区或社保窗口用其他方式认证，待遇不受影响。',
    ],
    question: '您同意吗？',
    play: '放给老人听',
    playSelf: '念给我听',
    yes: '我同意',
    no: '不同意',
    yesAssisted: '老人说：同意',
    noAssisted: '老人说：不同意',
    ownAnswer: '要老人自己回答，不能代答。',
    version: '同意书版本 {v}',
  },
  ready: {
    title: '准备好了吗？',
    tips: ['站到亮的地方，光照在脸上', '摘下帽子、口罩和墨镜', '手机拿到和脸一样高，离一臂远', '慢慢做，不着急，不限时间'],
    tipsAssisted: ['让老人坐到亮的地方', '帮老人摘下帽子、口罩和墨镜', '用手机背面的镜头对着老人的脸', '您念，老人慢慢做，不限时间'],
    start: '开始',
    cameraReady: '摄像头已准备好',
    cameraWarming: '正在打开摄像头…',
    unable: '有做不了的动作？',
    unableTitle: '做不了的请点一下，就不会要求做',
    cannot,
    cameraChoice: '用哪个摄像头？',
    webviewCamera: '这台设备的摄像头',
    actorCamera: '演示影片（仅演示版）',
  },
  doctor: {
    steps: {
      refused: {
        android: ['打开手机的“设置”', '点“应用”，找到“健在”', '点“权限”，把“相机”改成“允许”', '回到这里，点“再试一次”'],
        ios: ['打开手机的“设置”', '往下找到“健在”，点进去', '把“相机”打开', '回到这里，点“再试一次”'],
        desktop: ['打开电脑的“设置”，找到“隐私”', '点“摄像头”，允许“健在”使用', '回到这里，点“再试一次”'],
      },
      missing: {
        android: ['看看镜头是不是被挡住或坏了', '重新启动手机，再试一次', '还是不行，换一台手机'],
        ios: ['看看镜头是不是被挡住或坏了', '重新启动手机，再试一次', '还是不行，换一台手机'],
        desktop: ['把摄像头插到电脑上', '等几秒钟，点“再试一次”', '没有摄像头，请用手机'],
      },
      busy: {
        android: ['关掉正在用摄像头的应用，比如视频通话', '点“再试一次”'],
        ios: ['关掉正在用摄像头的应用，比如视频通话', '点“再试一次”'],
        desktop: ['关掉正在用摄像头的程序，比如视频会议', '点“再试一次”'],
      },
    },
    title: { refused: '没有允许使用摄像头', missing: '没有找到摄像头', busy: '摄像头正被别的程序占用' },
    again: '再试一次',
  },
  capture: {
    starting: '正在核对资料…',
    opening: '正在打开摄像头…',
    stop: '停下',
    mute: '关声音',
    unmute: '开声音',
    sayAgain: '再说一遍',
    elderHears: '老人听到：',
    progress: '{needed} 个动作，做好了 {done} 个',
    calm: '慢慢来，不着急',
    yourLeft: '您的左边',
    yourRight: '您的右边',
    viewLeft: '在您的左手边',
    viewRight: '在您的右手边',
    preview: '摄像头画面',
    instructions,
  },
  sending: {
    saved: '已经保存好了',
    mayPutAway: '可以放下手机，不会丢。',
    uploading: '正在发送',
    judging: '正在核对，请稍等…',
  },
  result: {
    certified: '认证成功',
    certifiedFor: '{name} 的养老金领取资格已确认',
    validUntil: '有效期到',
    serial: '证书编号',
    certificateAlt: '认证证书',
    savePicture: '保存证书图片',
    savePdf: '保存 PDF 文件',
    savedTo: '已保存到：{path}',
    done: '完成',
    nextPerson: '给下一位认证',
    review: '已收到，正在由工作人员查看',
    reviewText: '您现在不用做什么。在有结果之前，养老金不受影响。',
    refused: '这次没有成功',
    failed: '现在没有办成',
    calm: '不要紧，养老金不会因此停发。',
    nextStep: '怎么办',
    tryAgain: '再试一次',
    checkFacts: '重新核对资料',
    otherWays: '用别的办法',
    alsoBecause: '还有这些原因',
    code: '编号',
    goBack: '回到开始',
  },
  otherWays: {
    title: '不刷脸，也能认证',
    ways: [
      { name: '到社区办', text: '带上身份证，到街道或社区的服务窗口，工作人员当场办理。' },
      { name: '请人上门', text: '行动不便、生病卧床，可以请社区工作人员上门认证。家人打电话就行。' },
      { name: '写信寄去', text: '住在外地，可以填“协助认证表”，盖章后寄给参保地的社保机构。' },
    ],
    help: '不清楚找谁？打 12333，全国社保电话。',
    calm: '选哪一种都一样，养老金照常发。',
  },
  fault: {
    sentence: '程序出了点问题。',
    nextStep: '请再试一次。还是不行，请用别的办法认证。',
    notInApp: '请在“健在”应用里打开。',
  },
};
