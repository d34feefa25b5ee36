//! What is said in Chinese: 您, short sentences, everyday words; never whose fault it was.

use super::{ReasonCode, Words};

pub(super) fn words(reason: ReasonCode) -> Words {
    use ReasonCode::*;
    let (sentence, next_step) = match reason {
        InputNameInvalid => ("姓名里有写不进登记的符号。", "请按身份证上的姓名填写，只写汉字、字母和中间的点。"),
        InputIdNumberLength => ("身份证号应该是 18 位。", "请对照身份证，再数一数有没有多写或少写一位。"),
        InputIdNumberChecksum => ("身份证号里可能有一位不对。", "请对照身份证，一位一位再看一遍。"),
        InputIdNumberBirthDate => {
            ("身份证号里的出生日期（第 7 到 14 位）不是一个真实的日子。", "请对照身份证，再看看中间这 8 位。")
        }
        InputIdNumberDivision => ("身份证号开头的 6 位不是任何地方的代码。", "请对照身份证，再看看开头这 6 位。"),
        InputPlaceUnknown => ("没有找到这个地方。", "请从列表里选择省、市、区。"),
        InputBodyInvalid => ("手机和服务中心没有对上话。", "请更新这个应用，然后再试一次；您填的内容都还在。"),
        InputConsentMissing => {
            ("还没有得到本人的同意。", "请本人看一看或听一听说明，同意后再继续；不愿意用人脸，也可以选“不用人脸”。")
        }
        InputLoginNameInvalid => ("登录名里有用不了的符号。", "请用 3 到 32 个小写字母、数字、点或横线，再试一次。"),
        IdentityNotConfirmed => (
            "填写的内容和登记的没有对上。",
            "请再核对姓名、身份证号、参保地和居住地；都没错的话，请联系参保地社保窗口更新登记。",
        ),
        LimitTooManyTries => ("刚才试的次数有点多，我们歇一会儿。", "请过一会儿再试；养老金不会因此受影响。"),
        AccountNotConfirmed => {
            ("登录名、密码和动态码没有都对上。", "请把三样都再核对一遍；动态码每 30 秒换一个，用过就换，请等下一个。")
        }
        AccountSignedOut => ("您的登录已经结束了。", "请重新登录，再接着办。"),
        AccountNotAllowed => ("这个账号办不了这件事。", "请找能办的同事，或者请管账号的人调整。"),
        AccountNameTaken => ("这个登录名已经有人用了。", "请换一个登录名，再试一次。"),
        AccountPasswordWeak => ("这个密码太短，或者太好猜。", "请用 12 个以上的字符，把几个不相干的词连起来就好。"),
        InvitationNotValid => ("这个邀请码现在用不了。", "请核对有没有抄错；用过或过期的话，请发给您的人再发一个。"),
        DeskNobodyFound => ("在您负责的地区没有找到这个人。", "请核对身份证号；在别处参保的，请联系参保地的社保窗口。"),
        DeskNotListed => ("这个人不在您的走访名单上。", "请找安排走访的工作人员，把这个人加进名单。"),
        AttemptNotFound => ("这一次认证已经找不到了。", "请回到首页，重新开始一次。"),
        AttemptExpired => ("这一次认证的时间已经过了。", "请重新开始一次，几分钟就好。"),
        AttemptUsed => ("这一次认证已经用过了。", "请查看结果；需要的话，重新开始一次。"),
        AttemptCommitLate => ("拍完到发出隔得太久，这一次不能用了。", "请找个信号好的地方，重新开始一次。"),
        AttemptNotCommitted => ("录像还没有确认，先不能上传。", "请回到首页重新开始一次。"),
        AttemptDemoRefused => ("这是演示用的应用，不能做真的认证。", "请安装正式的应用后再认证。"),
        AttemptUnauthorised => ("这次登录已经失效了。", "请回到首页，重新填写后再开始。"),
        AttemptAbilitiesReview => {
            ("您能做的动作不多，会请工作人员来看。", "您不用再做什么，请等通知；需要上门服务，请打参保地社保电话。")
        }
        ChannelClosed => {
            ("您参保的地方现在不用手机做认证。", "请打参保地社保电话，或者问社区：他们会帮您用别的办法办好。")
        }
        ActionWrong => ("刚才做的动作和提示的不一样。", "没关系，请再来一次：先听完提示，再慢慢做。"),
        ActionNotSeen => ("没有看清刚才的动作。", "请再来一次，动作做得大一点、慢一点。"),
        ActionTooEarly => ("动作做得早了一点。", "请再来一次：听完提示，再做动作。"),
        ActionUnasked => ("录像里多了没有请您做的动作。", "请再来一次：没有提示的时候，看着屏幕别动就好。"),
        FaceNone => ("还没看到脸。", "请把脸对着圆框。"),
        FaceSeveral => ("画面里不止一个人。", "请让旁边的人先让一让，只留本人。"),
        FaceTooFar => ("离得有点远。", "请靠近一点。"),
        FaceTooNear => ("离得有点近。", "请离远一点。"),
        FaceOffCentre => ("脸不在圆框中间。", "请把脸移到圆框里。"),
        FaceTurned => ("脸没有正对手机。", "请看着屏幕。"),
        FaceTooDark => ("光线有点暗。", "请到亮一点的地方，或者打开灯。"),
        FaceDim => ("光线再亮一点会更好。", "能开灯就开灯，不开也可以继续。"),
        FaceTooBright => ("光线太亮了。", "请避开太阳或灯光直射。"),
        FaceBackLit => ("背后的光太亮，脸看不清。", "请转个身，让光照在脸上。"),
        FaceBlurred => ("画面有点模糊。", "请拿稳手机，擦一擦镜头。"),
        FaceLost => ("中间有一会儿没看到脸。", "请再来一次，让脸一直在圆框里。"),
        FaceChanged => ("前后拍到的脸不太一样。", "请再来一次，从头到尾由本人一个人完成。"),
        DeviceSlow => ("手机现在有点忙。", "不着急，慢慢来；关掉别的应用会快一些。"),
        LivenessNoMotion => ("没有看到人在动。", "请由本人对着手机，跟着提示再做一次。"),
        LivenessFlat => ("拍到的看起来像照片或屏幕。", "请由本人直接对着手机，再做一次。"),
        SpoofSuspected => {
            ("没能确认拍到的是本人当面。", "请由本人在亮的地方直接对着手机再做一次；也可以到社保窗口办理。")
        }
        SpoofUnsure => ("录像不太清楚，会请工作人员看一看。", "您不用再做什么，请等通知；这期间养老金不受影响。"),
        MatchNotSame => {
            ("这张脸和登记的照片没有对上。", "请由本人在亮的地方再做一次；照片太旧的话，请到社保窗口更新。")
        }
        MatchUnsure => {
            ("登记的照片可能太旧了，会请工作人员看一看。", "您不用再做什么，请等通知；这期间养老金不受影响。")
        }
        MatchNoPortrait => {
            ("登记里还没有照片，会请工作人员看一看。", "您不用再做什么，请等通知；这期间养老金不受影响。")
        }
        EvidenceTampered => ("收到的录像和拍的时候不一样了。", "请重新拍一次；还是这样的话，请换一部手机。"),
        EvidenceTruncated => ("收到的录像不完整。", "请找个信号好的地方，重新拍一次。"),
        EvidenceReordered => ("收到的录像前后顺序乱了。", "请重新拍一次；还是这样的话，请换一部手机。"),
        EvidenceForeign => ("收到的录像不是这一次认证的。", "请回到首页，重新开始一次。"),
        EvidenceOversized => ("收到的录像太大了。", "请更新这个应用，再拍一次。"),
        EvidenceBadSignature => ("没能确认录像来自这部手机。", "请回到首页，用同一部手机重新开始一次。"),
        EvidenceWrongRecipient => ("录像发给了别的服务中心，这里打不开。", "请更新这个应用，再开始一次。"),
        EvidenceUndecodable => ("收到的录像打不开。", "请重新拍一次；还是这样的话，请换一部手机。"),
        EvidenceBadTimes => ("录像的时间对不上。", "请关掉别的应用，重新拍一次。"),
        EvidenceCropMismatch => ("录像和里面的照片对不上。", "请重新拍一次；还是这样的话，请换一部手机。"),
        EvidenceNotAsCommitted => ("收到的录像和拍完时确认的不一样。", "请回到首页，重新开始一次。"),
        EvidenceUnknownVersion => ("这部手机上的应用和服务中心版本不同。", "请更新这个应用，再开始一次。"),
        EvidenceLate => ("录像送到得太晚了。", "请连上网络，重新开始一次。"),
        UploadBadOffset => ("上传的位置没有对上。", "应用会自己接着传，请保持网络连接。"),
        UploadTooLarge => ("上传的内容太大了。", "请更新这个应用，再拍一次。"),
        UploadNotFound => ("这次上传已经找不到了。", "应用会从头再传一次，请保持网络连接。"),
        UploadBadRequest => ("上传时出了点差错。", "请更新这个应用，再试一次。"),
        CameraRefused => ("还没有得到使用摄像头的允许。", "请打开手机“设置”，找到这个应用，允许使用摄像头。"),
        CameraMissing => ("没有找到摄像头。", "请接上摄像头，或者换一部有摄像头的手机。"),
        CameraBusy => ("摄像头正被别的应用占用。", "请关掉视频通话和别的应用，再试一次。"),
        CameraStopped => ("摄像头中途停了。", "请再来一次；还是这样的话，请重启手机。"),
        DeviceStalled => ("手机停顿了一下，录像断了一截。", "请关掉别的应用，再来一次。"),
        DeviceStorageFull => ("手机存储空间不够了。", "请删掉一些不要的照片或视频，再试一次。"),
        DeviceModelMissing => ("应用少了一个文件。", "请删除这个应用，重新安装一次。"),
        DeviceModelWrong => ("应用里有一个文件不对。", "请删除这个应用，重新安装一次。"),
        DeviceRuntimeMissing => ("应用少了一个组件。", "请删除这个应用，重新安装一次。"),
        DeviceRuntimeTooOld => ("应用里有一个组件太旧了。", "请更新这个应用。"),
        NetworkUnreachable => ("现在连不上网络。", "请检查网络；已经拍好的会保存在手机里，连上后自动发出。"),
        ServerBusy => ("现在办理的人很多。", "请过几分钟再试；已经拍好的不会丢。"),
        ServerInternal => ("服务中心出了点问题，不是您的原因。", "请过一会儿再试；已经拍好的不会丢。"),
        ClientTooOld => ("这个应用的版本太旧了。", "请更新这个应用，再开始一次。"),
        CertificateUnreadable => ("没有读出证明的内容。", "请对准二维码再扫一次，或者换一份清楚的证明。"),
        CertificateBadSignature => ("这份证明没有通过核验，不能使用。", "请向持证人要原件，或者请他重新认证。"),
        CertificateUnknownKey => ("不认识签发这份证明的机构。", "请更新核验用的公钥文件，再核验一次。"),
        CertificateExpired => ("这份证明已经过了有效期。", "请重新做一次认证，领取新的证明。"),
    };
    Words { sentence, next_step }
}
