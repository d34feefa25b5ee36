//! What people agree to before their face is used: one text per version, shown on the screen or read aloud.

use jianzai_wire::Language;

/// Version of the text; goes to the service with every consent. A changed text gets a new version.
pub const CONSENT_VERSION: &str = "face-1";

/// The text of [`CONSENT_VERSION`].
pub fn consent_text(language: Language) -> &'static str {
    match language {
        Language::Zh => {
            "为了证明您健在，我们会拍摄您的脸部视频和照片，与社保登记的照片比对。\n\
             拍摄内容在本机加密后才保存和发送，只用于这次认证，由社保经办机构处理，到期删除，不用于其他用途。\n\
             您可以不同意。不同意时，请到社区或社保窗口用其他方式认证，待遇不受影响。"
        }
        Language::En => {
            "To show that you are alive and well, we record a short video and photos of your face and compare them with\n\
             the photo in the pension register. They are encrypted on this device before they are kept or sent, used for\n\
             this certification alone, handled by the pension office, and deleted on a set date.\n\
             You need not agree. If you don't, certify in another way at the community office; your pension is not affected."
        }
    }
}
