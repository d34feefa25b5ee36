use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

/// A QR code as one vector path: a unit is a module, quiet zone included.
pub(super) struct QrPath {
    /// SVG path data: the dark modules.
    pub(super) data: String,
    /// Modules a side, with the quiet zone of 4 on each.
    pub(super) side: usize,
}

const QUIET: usize = 4;

/// `None` if the text is too long for a QR code. Error correction M: a tenth may be lost to a fold or a stain.
pub(super) fn path(text: &str) -> Option<QrPath> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let dark = |x: usize, y: usize| code.data.get(y * code.size + x).is_some_and(|module| module.value());
    let mut data = String::new();
    for y in 0..code.size {
        let mut x = 0;
        while x < code.size {
            let run = (x..code.size).take_while(|x| dark(*x, y)).count();
            if run > 0 {
                // Writing to a String cannot fail.
                let _ = write!(data, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Some(QrPath { data, side: code.size + 2 * QUIET })
}
