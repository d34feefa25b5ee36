//! A form that is sent by post and comes back: one A4 page in large type, with the code by which it is known again.
//!
//! **In**: [`MailedForm`]: whose, which, its code, until when. **Out**: a [`Drawing`] of it. **What can go wrong**: as with
//! the certificate, [`DrawError`]. The name is masked, since a letter passes through many hands, and no number stands on it;
//! who it is for, the service knows by the code.

use time::{Date, Time};

use super::sheet::{CENTRE, INK, JADE, LABEL, LEFT, MIDDLE, PALE, PLAIN, QUIET, RIGHT, Sheet, Style, WIDTH, chinese};
use super::sheet::{english, fitted, svg_of};
use super::{DrawError, Drawing, Fonts, drawn, qr};

/// Which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailedFormKind {
    /// The person sends papers: a copy of the household register, a life certificate.
    Papers,
    /// An agency or community where the person lives confirms that they were seen.
    Assistance,
}

/// A form that is sent by post. `Debug` shows its kind only.
#[derive(Clone, PartialEq, Eq)]
pub struct MailedForm {
    /// Which.
    pub kind: MailedFormKind,
    /// Who sends it, and gets it back.
    pub issuer: String,
    /// The name as [`jianzai_wire::Name::masked`] writes it.
    pub masked_name: String,
    /// `ABCDE-FGHJK-LMNPQ-RSTUV`.
    pub code: String,
    /// The day it was issued.
    pub issued_on: Date,
    /// The last day on which it is taken.
    pub until: Date,
}

impl std::fmt::Debug for MailedForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailedForm({:?}, …)", self.kind)
    }
}

/// Draws a form.
pub fn draw_form(form: &MailedForm, fonts: &Fonts) -> Result<Drawing, DrawError> {
    let code = qr::path(&form.code).ok_or(DrawError::Failed("qr code"))?;
    let mut page = Page { form, sheet: Sheet { out: String::new(), fonts } };
    page.sheet.add(&format!(r##"<rect width="{WIDTH}" height="1754" fill="#ffffff"/>"##));
    page.head();
    page.steps();
    page.statement();
    page.code(&code);
    let made = form.issued_on.with_time(Time::MIDNIGHT).assume_utc();
    drawn(svg_of(&page.sheet.out), fonts, "养老待遇资格认证表 Certification form", String::new(), made)
}

struct Page<'a> {
    form: &'a MailedForm,
    sheet: Sheet<'a>,
}

impl Page<'_> {
    fn head(&mut self) {
        let (zh, en) = match self.form.kind {
            MailedFormKind::Papers => ("养老待遇资格认证表", "Certification by post"),
            MailedFormKind::Assistance => ("协助认证表", "Assistance certification form"),
        };
        let title = Style { serif: true, bold: true, colour: JADE, spacing: 8.0, ..MIDDLE };
        self.sheet.text(CENTRE, 150.0, 84.0, title, zh);
        self.sheet.text(CENTRE, 200.0, 32.0, Style { colour: QUIET, ..MIDDLE }, en);
        let name = self.form.masked_name.replace('*', "＊");
        self.sheet.text(LEFT, 300.0, 44.0, LABEL, "姓名 Name");
        self.sheet.text(LEFT + 260.0, 304.0, fitted(&name, 740.0, 64.0), Style { bold: true, ..PLAIN }, &name);
        self.line(330.0);
    }

    fn steps(&mut self) {
        let until = format!("3. 请在{}前寄回：", chinese(self.form.until));
        let (first, second) = match self.form.kind {
            MailedFormKind::Papers => ("1. 请本人在下面签名，写上日期。", "2. 附上户口簿复印件，或者健在证明。"),
            MailedFormKind::Assistance => {
                ("1. 请带身份证到居住地社保机构或社区。", "2. 请他们见到本人后填写、签字、盖章。")
            }
        };
        for (line, y) in [(first, 400.0), (second, 466.0), (until.as_str(), 532.0)] {
            self.sheet.text(LEFT, y, 44.0, PLAIN, line);
        }
        let issuer = &self.form.issuer;
        self.sheet.text(LEFT + 44.0, 598.0, fitted(issuer, 960.0, 44.0), Style { bold: true, ..PLAIN }, issuer);
        let what = match self.form.kind {
            MailedFormKind::Papers => "Sign and date it, and",
            MailedFormKind::Assistance => "Have the office confirm and stamp it, and",
        };
        let english = format!("{what} send it back by {}.", english(self.form.until));
        self.sheet.text(LEFT, 650.0, 28.0, LABEL, &english);
    }

    fn statement(&mut self) {
        let (top, height) = (690.0, 520.0);
        self.sheet.add(&format!(
            r#"<rect x="{LEFT}" y="{top}" width="{}" height="{height}" rx="12" fill="none" stroke="{INK}" stroke-width="3"/>"#,
            RIGHT - LEFT
        ));
        let (said, signed) = match self.form.kind {
            MailedFormKind::Papers => ("本人健在，以上情况属实。", "本人签名 Signature"),
            MailedFormKind::Assistance => ("今天见到本人，核对了身份证，本人健在。", "经办人签字 Signed by"),
        };
        let x = LEFT + 40.0;
        self.sheet.text(x, top + 84.0, 46.0, Style { bold: true, ..PLAIN }, said);
        self.blank(x, top + 200.0, signed);
        self.blank(x, top + 310.0, "日期 Date");
        match self.form.kind {
            MailedFormKind::Papers => self.blank(x, top + 420.0, "电话 Telephone"),
            MailedFormKind::Assistance => {
                self.blank(x, top + 420.0, "单位 Office");
                self.sheet.text(RIGHT - 330.0, top + 480.0, 40.0, LABEL, "（盖章 Stamp）");
            }
        }
    }

    /// A label with a line to write on.
    fn blank(&mut self, x: f64, y: f64, label: &str) {
        self.sheet.text(x, y, 40.0, LABEL, label);
        let (from, to) = (x + 400.0, RIGHT - 40.0);
        self.sheet.add(&format!(r#"<path d="M{from} {0}H{to}" stroke="{INK}" stroke-width="2"/>"#, y + 12.0));
    }

    fn code(&mut self, code: &qr::QrPath) {
        let (top, side) = (1250.0, 340.0);
        let module = side / code.side as f64;
        self.sheet.add(&format!(
            r##"<rect x="{LEFT}" y="{top}" width="{0}" height="{side}" rx="12" fill="{PALE}"/><rect x="{LEFT}" y="{top}" width="{side}" height="{side}" fill="#ffffff"/><path transform="translate({LEFT} {top}) scale({module})" d="{1}" fill="#000000"/>"##,
            RIGHT - LEFT,
            code.data
        ));
        let x = LEFT + side + 30.0;
        self.sheet.text(x, top + 74.0, 40.0, LABEL, "编号 Code");
        // Two lines of two groups: read aloud on the telephone, typed by hand where no reader is.
        let groups: Vec<&str> = self.form.code.split('-').collect();
        for (pair, y) in groups.chunks(2).zip([150.0, 228.0]) {
            let style = Style { bold: true, spacing: 4.0, ..PLAIN };
            self.sheet.text(x, top + y, 68.0, style, &pair.join(" - "));
        }
        self.sheet.text(x, top + 300.0, 32.0, LABEL, "请不要折到编号，也不要把编号告诉别人。");
        let foot = "看不清、填错了，请打参保地社保电话，再寄一份。也可以用手机或到社区办。";
        self.sheet.text(CENTRE, 1660.0, 29.0, Style { colour: QUIET, ..MIDDLE }, foot);
        let english = "Spoilt? Ask for another one. You can also certify by phone or at the community desk.";
        self.sheet.text(CENTRE, 1704.0, 24.0, Style { colour: QUIET, ..MIDDLE }, english);
    }

    fn line(&mut self, y: f64) {
        self.sheet.add(&format!(r##"<path d="M{LEFT} {y}H{RIGHT}" stroke="#d9e2dd" stroke-width="2"/>"##));
    }
}

#[cfg(test)]
mod tests {
    use krilla::Document;
    use krilla::geom::Size;
    use krilla::page::PageSettings;
    use time::macros::date;

    use super::*;

    fn form(kind: MailedFormKind) -> MailedForm {
        MailedForm {
            kind,
            issuer: "南京市社会保险管理中心".into(),
            masked_name: "**明".into(),
            code: "ABCDE-FGHJK-LMNPQ-RSTUV".into(),
            issued_on: date!(2026 - 11 - 22),
            until: date!(2027 - 02 - 20),
        }
    }

    #[test]
    fn the_code_is_read_from_the_paper_and_the_name_is_masked() {
        let fonts = Fonts::load().expect("a font with Chinese characters");
        for kind in [MailedFormKind::Papers, MailedFormKind::Assistance] {
            let drawing = draw_form(&form(kind), &fonts).expect("drawn");
            let scan = drawing.png(1240).expect("a picture");
            assert_eq!(codes(&scan), ["ABCDE-FGHJK-LMNPQ-RSTUV"], "{kind:?}");
            // Laid on the glass the other way round, and saved as a photograph.
            let turned = image::load_from_memory(&scan).expect("decodes").rotate180().to_rgb8();
            let mut jpeg = std::io::Cursor::new(Vec::new());
            turned.write_to(&mut jpeg, image::ImageFormat::Jpeg).expect("a JPEG");
            assert_eq!(codes(jpeg.get_ref()), ["ABCDE-FGHJK-LMNPQ-RSTUV"], "{kind:?}");
            // The second page of what a scanner makes, behind one that shows no code.
            let mut blank = std::io::Cursor::new(Vec::new());
            image::GrayImage::from_pixel(1240, 1754, image::Luma([250]))
                .write_to(&mut blank, image::ImageFormat::Jpeg)
                .expect("a JPEG");
            let scanned = pdf_of(&[blank.get_ref(), jpeg.get_ref()]);
            assert_eq!(codes(&scanned), ["ABCDE-FGHJK-LMNPQ-RSTUV"], "{kind:?}");
            assert!(codes(&drawing.pdf().expect("a sheet")).is_empty(), "a picture only");
            assert!(drawing.svg().contains("＊＊明") && drawing.svg().contains("2027年2月20日"));
            assert!(drawing.pdf().expect("a sheet").starts_with(b"%PDF-"));
        }
        assert!(!format!("{:?}", form(MailedFormKind::Papers)).contains("ABCDE"));
    }

    fn codes(scan: &[u8]) -> Vec<String> {
        crate::form_codes(scan).into_iter().collect()
    }

    #[test]
    fn two_forms_in_one_scan_are_told_apart() {
        let fonts = Fonts::load().expect("a font with Chinese characters");
        let page = |code: &str| {
            let form = MailedForm { code: code.into(), ..form(MailedFormKind::Papers) };
            let sheet = draw_form(&form, &fonts).expect("drawn").png(1240).expect("a picture");
            let mut jpeg = std::io::Cursor::new(Vec::new());
            let sheet = image::load_from_memory(&sheet).expect("decodes").to_rgb8();
            sheet.write_to(&mut jpeg, image::ImageFormat::Jpeg).expect("a JPEG");
            jpeg.into_inner()
        };
        let [one, other] = ["ABCDE-FGHJK-LMNPQ-RSTUV", "ABCDE-FGHJK-LMNPQ-RSTUW"];
        assert_eq!(codes(&pdf_of(&[&page(other), &page(one), &page(one)])), [one, other]);
        // What isn't a page is none of the eight.
        let mut hostile = pdf_of(&[]);
        hostile.extend([0xff, 0xd8, 0xff, 0xe0].repeat(300));
        hostile.extend(page(one));
        assert_eq!(codes(&hostile), [one]);
    }

    /// A PDF with a picture on each page.
    fn pdf_of(pages: &[&[u8]]) -> Vec<u8> {
        let mut document = Document::new();
        for page in pages {
            let a4 = Size::from_wh(595.0, 842.0).expect("a size");
            let picture = krilla::image::Image::from_jpeg(page.to_vec().into(), false).expect("a JPEG");
            let mut page = document.start_page_with(PageSettings::new(a4));
            let mut surface = page.surface();
            surface.draw_image(picture, a4);
            surface.finish();
            page.finish();
        }
        document.finish().expect("a PDF")
    }

    #[test]
    fn nothing_is_written_into_the_margins() {
        let fonts = Fonts::load().expect("a font with Chinese characters");
        for kind in [MailedFormKind::Papers, MailedFormKind::Assistance] {
            let drawing = draw_form(&form(kind), &fonts).expect("drawn");
            let picture =
                image::load_from_memory(&drawing.png(WIDTH as u32).expect("a picture")).expect("decodes").to_luma8();
            let outside = picture
                .enumerate_pixels()
                .filter(|(x, _, ink)| ink.0[0] < 250 && !(LEFT - 4.0..=RIGHT + 4.0).contains(&f64::from(*x)));
            assert_eq!(outside.count(), 0, "{kind:?}");
        }
    }

    #[test]
    fn nothing_is_smaller_than_a_newspaper_and_what_matters_is_large() {
        let fonts = Fonts::load().expect("a font with Chinese characters");
        let drawing = draw_form(&form(MailedFormKind::Assistance), &fonts).expect("drawn");
        let sizes = drawing.svg().split("font-size=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok());
        let sizes: Vec<f64> = sizes.collect();
        // 150 units are an inch: 24 of them are 11.5 points, 44 are 21.
        assert!(sizes.iter().all(|size| *size >= 24.0) && sizes.iter().filter(|size| **size >= 44.0).count() >= 7);
    }
}
