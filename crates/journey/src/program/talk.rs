//! What is said on the terminal: events in words, or as JSON lines.

use std::io::{self, Write as _};

use jianzai_journey::{JourneyEvent, Said};
use jianzai_wire::{Language, Mode};

use super::Ended;

/// Says what went wrong with the program itself.
pub(crate) fn complain(error: &anyhow::Error) {
    // Where even this cannot be written, nobody is there to read it.
    let _ = writeln!(io::stderr(), "jianzai: {error:#}");
}

/// Tells events on standard output.
pub(crate) struct Teller {
    language: Language,
    mode: Mode,
    json: bool,
}

impl Teller {
    pub(crate) fn new(language: Language, mode: Mode, json: bool) -> Self {
        Self { language, mode, json }
    }

    /// Tells one event.
    pub(crate) fn tell(&self, event: &JourneyEvent) -> anyhow::Result<()> {
        if self.json {
            return self.line(&serde_json::to_string(event)?);
        }
        match self.words(event) {
            Some(words) => self.line(&words),
            None => Ok(()),
        }
    }

    /// Tells something besides events; not where a script reads.
    pub(crate) fn remark(&self, zh: &str, en: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { self.line(self.pick(zh, en)) }
    }

    /// Writes a line, at once.
    pub(crate) fn line(&self, line: &str) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        Ok(out.flush()?)
    }

    fn words(&self, event: &JourneyEvent) -> Option<String> {
        Some(match event {
            JourneyEvent::Activated => self.pick("身份信息已核对。", "The facts match the register.").into(),
            JourneyEvent::Camera { .. } | JourneyEvent::Placement { .. } | JourneyEvent::Hint { reason: None } => {
                return None;
            }
            JourneyEvent::Tell { instruction, .. } => format!("▶ {}", self.instruction(instruction)),
            JourneyEvent::Hint { reason: Some(said) } => format!("  {} {}", said.sentence, said.next_step),
            JourneyEvent::Progress { done, needed } => format!("  {done}/{needed}"),
            JourneyEvent::Saved => self
                .pick("已保存。断网或关机也不会丢失。", "Saved. Nothing is lost if the network or the power fails.")
                .into(),
            JourneyEvent::Upload { sent, total } => {
                format!("  {} {}/{} KB", self.pick("正在上传", "sending"), sent / 1024, total.div_ceil(1024))
            }
            JourneyEvent::Judging => self.pick("已送达，正在审核。", "It has arrived and is being looked at.").into(),
            JourneyEvent::Certified { serial, valid_until, masked_name, .. } => match self.language {
                Language::Zh => format!("✔ 认证通过：{masked_name}，有效期至 {valid_until}，证明编号 {serial}"),
                Language::En => format!("✔ Certified: {masked_name}, valid until {valid_until}, serial {serial}"),
            },
            JourneyEvent::Refused { reasons, .. } => self.reasons(
                self.pick("✘ 这次没有通过，待遇不受影响。", "✘ Not certified; the pension is not affected."),
                reasons,
            ),
            JourneyEvent::Review { reasons } => {
                self.reasons(self.pick("… 需要工作人员看一下。", "… A clerk will look at it."), reasons)
            }
            JourneyEvent::Failed { reason, .. } => {
                self.reasons(self.pick("✘ 没能完成。", "✘ It could not be done."), std::slice::from_ref(reason))
            }
        })
    }

    fn reasons(&self, headline: &str, reasons: &[Said]) -> String {
        let each = reasons.iter().map(|said| format!("\n  [{}] {} {}", said.code, said.sentence, said.next_step));
        std::iter::once(headline.to_owned()).chain(each).collect()
    }

    fn instruction(&self, name: &str) -> &'static str {
        let assisted = self.mode == Mode::Assisted;
        let (zh, en) = match name {
            "place_face" if assisted => ("请把老人的脸放进椭圆框", "Bring the person's face into the oval"),
            "place_face" => ("请把脸放进椭圆框", "Bring your face into the oval"),
            "face_forward" => ("请正对镜头，闭上嘴，不要动", "Look straight ahead, mouth closed, and keep still"),
            "open_mouth" => ("请张大嘴，再闭上", "Open your mouth wide, then close it"),
            "turn_left" => ("请向左转头，再转回来", "Turn your head to your left, then back"),
            "turn_right" => ("请向右转头，再转回来", "Turn your head to your right, then back"),
            "look_up" => ("请抬头，再回到正面", "Raise your chin, then look ahead again"),
            "look_down" => ("请低头，再回到正面", "Lower your chin, then look ahead again"),
            "in_place" => ("很好，请看着镜头", "Good, keep looking at the camera"),
            "well_done" => ("很好", "Well done"),
            "wait_for_word" => ("请先等口令再做", "Wait for the word, then move"),
            "other_action" => ("和要求的动作不一样，我们再来一个", "That was another action; here comes a new one"),
            "finished" => ("拍好了，谢谢", "Finished, thank you"),
            _ => ("请看镜头", "Look at the camera"),
        };
        self.pick(zh, en)
    }

    fn pick<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }
}

/// What an event that ends a certification means for the exit status.
pub(crate) fn ended(event: &JourneyEvent) -> Option<Ended> {
    match event {
        JourneyEvent::Certified { .. } => Some(Ended::Good),
        JourneyEvent::Refused { .. } => Some(Ended::Refused),
        JourneyEvent::Review { .. } => Some(Ended::InReview),
        JourneyEvent::Failed { .. } => Some(Ended::Failed),
        _ => None,
    }
}
