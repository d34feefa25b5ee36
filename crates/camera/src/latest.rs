use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::slot::Slot;
use crate::{CameraError, Frame, FrameSource};

/// A source running on its own thread, of which only the latest frame is kept.
///
/// Dropping it tells the thread to stop; the thread ends, and lets the camera go, with the frame it is waiting for.
pub struct LatestFrames {
    slot: Arc<Slot>,
    is_demo: bool,
    label: String,
}

impl LatestFrames {
    /// Starts to take frames from `source`.
    ///
    /// # Errors
    /// [`CameraError::Stopped`] if the system gives no thread.
    pub fn start(mut source: impl FrameSource + 'static) -> Result<Self, CameraError> {
        let slot = Arc::new(Slot::default());
        let frames = Self { slot: Arc::clone(&slot), is_demo: source.is_demo(), label: source.label() };
        thread::Builder::new()
            .name("camera".to_owned())
            .spawn(move || {
                while !slot.unwanted() {
                    match source.next() {
                        Ok(frame) => slot.put(frame),
                        Err(error) => return slot.end(error),
                    }
                }
            })
            .map_err(|error| CameraError::Stopped(format!("no thread for the camera: {error}")))?;
        Ok(frames)
    }

    /// Waits up to `patience` for a frame that was not taken before, and takes it. Blocks: call it on the engine's thread.
    ///
    /// # Errors
    /// What ended the source, or [`CameraError::Stopped`] if nothing came in time.
    pub fn take(&self, patience: Duration) -> Result<Arc<Frame>, CameraError> {
        self.slot.take(patience)
    }

    /// The latest frame, taken or not, without taking it: for the preview.
    pub fn peek(&self) -> Option<Arc<Frame>> {
        self.slot.peek()
    }

    /// Whether the source has ended: no frame follows the one that may still lie there.
    pub fn has_ended(&self) -> bool {
        self.slot.ended()
    }

    /// Frames that were replaced before anyone took them.
    pub fn overwritten(&self) -> u64 {
        self.slot.overwritten()
    }

    /// Whether these are recorded people of a demonstration.
    pub fn is_demo(&self) -> bool {
        self.is_demo
    }

    /// The source's label.
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl Drop for LatestFrames {
    fn drop(&mut self) {
        self.slot.refuse_more();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use jianzai_wire::FrameTime;

    use super::*;

    /// Gives a frame for every number sent, and says each time that it is asked for the next.
    struct Scripted {
        script: Receiver<u64>,
        asked: Sender<()>,
    }

    impl FrameSource for Scripted {
        fn next(&mut self) -> Result<Frame, CameraError> {
            let _ = self.asked.send(());
            let number = self.script.recv().map_err(|_| CameraError::Stopped("end of script".to_owned()))?;
            Ok(Frame { at: FrameTime(number * 40), number, image: image::RgbImage::new(2, 2) })
        }

        fn label(&self) -> String {
            "script".to_owned()
        }
    }

    fn scripted() -> (Sender<u64>, Receiver<()>, LatestFrames) {
        let (send, script) = channel();
        let (asked, was_asked) = channel();
        (send, was_asked, LatestFrames::start(Scripted { script, asked }).expect("starts"))
    }

    const SOON: Duration = Duration::from_secs(5);

    #[test]
    fn the_latest_frame_wins_and_is_taken_once() {
        let (send, asked, frames) = scripted();
        for number in 0..10 {
            send.send(number).expect("camera runs");
        }
        // Asked for the eleventh: ten have been put.
        for _ in 0..11 {
            asked.recv_timeout(SOON).expect("camera runs");
        }
        assert_eq!(frames.take(SOON).expect("a frame").number, 9);
        assert_eq!(frames.overwritten(), 9);
        assert_eq!(frames.peek().expect("kept for the preview").number, 9);
        assert_eq!(
            frames.take(Duration::from_millis(20)).expect_err("already taken").reason(),
            jianzai_wire::ReasonCode::CameraStopped
        );
        send.send(10).expect("camera runs");
        assert_eq!(frames.take(SOON).expect("a newer frame").number, 10);
        assert_eq!(frames.overwritten(), 9);
    }

    #[test]
    fn the_end_of_the_source_is_told_after_its_last_frame_and_for_good() {
        let (send, asked, frames) = scripted();
        send.send(7).expect("camera runs");
        drop(send);
        asked.recv_timeout(SOON).expect("camera runs");
        assert_eq!(frames.take(SOON).expect("the last frame").number, 7);
        for _ in 0..2 {
            assert_eq!(frames.take(SOON).expect_err("ended"), CameraError::Stopped("end of script".to_owned()));
        }
    }

    #[test]
    fn dropping_lets_the_camera_go() {
        let (send, asked, frames) = scripted();
        asked.recv_timeout(SOON).expect("camera runs");
        drop(frames);
        let _ = send.send(1);
        // The thread drops the source, and with it the other end of `asked`.
        while asked.recv_timeout(SOON).is_ok() {}
        assert!(send.send(2).is_err());
    }
}
