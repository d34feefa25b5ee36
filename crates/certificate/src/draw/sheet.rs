//! The sheet as SVG: 1240 x 1754 units, which is A4 at 150 dpi.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use time::Date;

use super::Fonts;
use super::qr::QrPath;
use crate::claims::CHINA;
use crate::{Channel, Claims};

pub(super) const WIDTH: f64 = 1240.0;
const HEIGHT: f64 = 1754.0;
pub(super) const CENTRE: f64 = WIDTH / 2.0;
pub(super) const LEFT: f64 = 104.0;
pub(super) const RIGHT: f64 = WIDTH - LEFT;

const PAPER: &str = "#fffdf8";
pub(super) const INK: &str = "#1c2a2e";
/// For labels: 7:1 on the paper.
pub(super) const QUIET: &str = "#46565a";
pub(super) const JADE: &str = "#0f5a4b";
pub(super) const PALE: &str = "#e8f1ec";
const GOLD: &str = "#b3924a";
const AMBER: &str = "#f4cd6a";

pub(super) fn svg(claims: &Claims, qr: &QrPath, fonts: &Fonts) -> String {
    let mut sheet = Sheet { out: String::new(), fonts };
    sheet.paper();
    sheet.head(claims);
    sheet.statement(claims);
    sheet.validity(claims);
    sheet.details(claims);
    sheet.check(qr);
    svg_of(&sheet.out)
}

/// A whole page of these elements.
pub(super) fn svg_of(elements: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" xml:lang="zh-CN" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">{elements}</svg>"#
    )
}

/// How a line of text is set.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) serif: bool,
    pub(super) bold: bool,
    pub(super) centred: bool,
    pub(super) colour: &'static str,
    pub(super) spacing: f64,
}

pub(super) const PLAIN: Style = Style { serif: false, bold: false, centred: false, colour: INK, spacing: 0.0 };
pub(super) const LABEL: Style = Style { colour: QUIET, ..PLAIN };
pub(super) const MIDDLE: Style = Style { centred: true, ..PLAIN };

pub(super) struct Sheet<'a> {
    pub(super) out: String,
    pub(super) fonts: &'a Fonts,
}

impl Sheet<'_> {
    pub(super) fn add(&mut self, element: &str) {
        self.out.push_str(element);
    }

    /// One line; `y` is its base line.
    pub(super) fn text(&mut self, x: f64, y: f64, size: f64, style: Style, text: &str) {
        let family = if style.serif { self.fonts.serif } else { self.fonts.sans };
        let weight = if style.bold { 700 } else { 400 };
        let anchor = if style.centred { "middle" } else { "start" };
        let Style { colour, spacing, .. } = style;
        self.add(&format!(
            r#"<text x="{x}" y="{y}" font-family="{family}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{colour}" letter-spacing="{spacing}">{}</text>"#,
            escaped(text)
        ));
    }

    fn paper(&mut self) {
        self.add(&format!(r#"<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>"#));
        self.add(&rosette(CENTRE, 500.0));
        for (inset, width, colour) in [(40.0, 6.0, JADE), (52.0, 1.6, GOLD)] {
            self.add(&format!(
                r#"<rect x="{inset}" y="{inset}" width="{}" height="{}" rx="10" fill="none" stroke="{colour}" stroke-width="{width}"/>"#,
                WIDTH - 2.0 * inset,
                HEIGHT - 2.0 * inset
            ));
        }
    }

    fn head(&mut self, claims: &Claims) {
        let (fill, colour) = if claims.demo { (AMBER, INK) } else { (JADE, "#ffffff") };
        self.add(&format!(r#"<rect x="64" y="64" width="{}" height="100" rx="4" fill="{fill}"/>"#, WIDTH - 128.0));
        if claims.demo {
            let style = Style { bold: true, colour, ..MIDDLE };
            self.text(CENTRE, 109.0, 38.0, style, "演示 DEMO · 不能作为凭证 Not a valid proof");
            self.text(
                CENTRE,
                148.0,
                25.0,
                Style { colour, ..MIDDLE },
                "由录像演示生成，不代表任何真实的人 Made from recorded footage",
            );
        } else {
            let size = fitted(&claims.issuer, 1040.0, 42.0);
            let style = Style { bold: true, colour, spacing: 2.0, ..MIDDLE };
            self.text(CENTRE, 114.0 + size * 0.36, size, style, &claims.issuer);
        }
        let title = Style { serif: true, bold: true, colour: JADE, spacing: 34.0, ..MIDDLE };
        self.text(CENTRE, 304.0, 122.0, title, "健在证明");
        self.text(CENTRE, 364.0, 34.0, Style { colour: QUIET, spacing: 12.0, ..MIDDLE }, "LIFE CERTIFICATE");
        self.add(&format!(
            r#"<path d="M{0} 398H{1}M{2} 398H{3}" stroke="{GOLD}" stroke-width="2"/><path d="M{CENTRE} 390l8 8-8 8-8-8z" fill="{GOLD}"/>"#,
            CENTRE - 190.0,
            CENTRE - 24.0,
            CENTRE + 24.0,
            CENTRE + 190.0
        ));
    }

    fn statement(&mut self, claims: &Claims) {
        self.name(&claims.masked_name.replace('*', "＊"));
        let (zh, en) = (chinese(claims.proof_date), english(claims.proof_date));
        self.text(CENTRE, 620.0, 44.0, MIDDLE, &format!("兹证明上述持证人于{zh}经核验健在。"));
        let style = Style { colour: QUIET, ..MIDDLE };
        self.text(CENTRE, 670.0, 29.0, style, &format!("The holder named above was found alive and well on {en}."));
    }

    /// The masked name; a long one smaller, a very long one in two lines.
    fn name(&mut self, name: &str) {
        let style = Style { serif: true, bold: true, spacing: 8.0, ..MIDDLE };
        let size = fitted(name, 940.0, 112.0);
        if size >= 52.0 {
            self.text(CENTRE, 484.0 + size * 0.36, size, style, name);
            return;
        }
        let half = name.chars().count().div_ceil(2);
        let (first, second): (String, String) = (name.chars().take(half).collect(), name.chars().skip(half).collect());
        let size = fitted(&first, 920.0, 60.0);
        for (line, y) in [(first, 474.0), (second, 548.0)] {
            self.text(CENTRE, y, size, Style { spacing: 2.0, ..style }, &line);
        }
    }

    fn validity(&mut self, claims: &Claims) {
        let (y, width) = (722.0, RIGHT - LEFT);
        self.add(&format!(
            r#"<rect x="{LEFT}" y="{y}" width="{width}" height="196" rx="12" fill="{PALE}" stroke="{JADE}" stroke-width="2.5"/>"#
        ));
        let label = format!("有效期至 · Valid until {}", english(claims.valid_until));
        self.text(CENTRE, y + 60.0, 36.0, Style { colour: QUIET, ..MIDDLE }, &label);
        let style = Style { serif: true, bold: true, colour: JADE, spacing: 3.0, ..MIDDLE };
        self.text(CENTRE, y + 158.0, 88.0, style, &chinese(claims.valid_until));
    }

    fn details(&mut self, claims: &Claims) {
        let issued = claims.issued_at.checked_to_offset(CHINA).unwrap_or(claims.issued_at);
        let issued = format!("{} {:02}:{:02}", chinese(issued.date()), issued.hour(), issued.minute());
        let how = match claims.channel {
            Channel::FaceSelf => "本人刷脸认证",
            Channel::FaceAssisted => "由他人协助刷脸认证",
        };
        let rows = [
            ("认证方式", "Method", how.to_owned()),
            ("参保地", "Insured in", claims.insured_place.full_name()),
            ("签发机构", "Issuer", claims.issuer.clone()),
            ("签发时间", "Issued", issued),
            ("证明编号", "Serial", claims.serial.to_string()),
        ];
        for ((zh, en, value), y) in rows.iter().zip((0..).map(|row| 988.0 + 62.0 * f64::from(row))) {
            self.text(LEFT, y, 34.0, LABEL, zh);
            self.text(LEFT + 152.0, y, 25.0, LABEL, en);
            self.text(LEFT + 292.0, y, fitted(value, RIGHT - LEFT - 292.0, 37.0), PLAIN, value);
            self.add(&format!(r##"<path d="M{LEFT} {0}H{RIGHT}" stroke="#d9e2dd" stroke-width="1.5"/>"##, y + 20.0));
        }
    }

    fn check(&mut self, qr: &QrPath) {
        // Whole pixels per module at 150 dpi, so that the code is crisp there; smaller if the code is very large.
        let (top, side) = (1282.0, (5.0 * qr.side as f64).min(405.0));
        let (x, module) = (LEFT - 14.0, side / qr.side as f64);
        self.add(&format!(
            r##"<rect x="{x}" y="{top}" width="{side}" height="{side}" fill="#ffffff"/><path transform="translate({x} {top}) scale({module})" d="{}" fill="#000000"/>"##,
            qr.data
        ));
        let (x, top) = (LEFT + 394.0, 1290.0);
        self.text(x, top + 44.0, 40.0, Style { bold: true, colour: JADE, ..PLAIN }, "怎样核验");
        self.text(x + 180.0, top + 44.0, 30.0, LABEL, "How to check");
        let lines = [
            (104.0, 33.0, PLAIN, "用“健在”核验程序读码，不用联网。"),
            (142.0, 25.0, LABEL, "Check the code with jianzai verify, offline."),
            (196.0, 33.0, PLAIN, "读出的姓名、日期要和本页一样。"),
            (234.0, 25.0, LABEL, "Name and dates must be the same as on this page."),
            (288.0, 33.0, PLAIN, "核验通过才有效，只看纸面不算数。"),
            (326.0, 25.0, LABEL, "Only the check counts, never the paper alone."),
        ];
        for (y, size, style, line) in lines {
            self.text(x, top + y, size, style, line);
        }
        let foot = "本证明不含身份证号和人脸 · This certificate holds no ID number and no face";
        self.text(CENTRE, 1685.0, 24.0, Style { colour: QUIET, ..MIDDLE }, foot);
    }
}

/// A figure of fine lines behind the name, as on paper of value.
fn rosette(x: f64, y: f64) -> String {
    let mut paths = String::new();
    for line in 0..9 {
        let phase = f64::from(line) * TAU / 9.0 / 12.0;
        let mut path = String::new();
        for step in 0..360 {
            let angle = f64::from(step) * TAU / 360.0;
            let radius = 200.0 + 56.0 * (12.0 * (angle + phase)).sin() * (3.0 * angle + phase).cos();
            let command = if step == 0 { 'M' } else { 'L' };
            // Writing to a String cannot fail.
            let _ =
                write!(path, "{command}{:.1} {:.1}", x + 2.0 * radius * angle.cos(), y + 0.5 * radius * angle.sin());
        }
        paths += &format!(r##"<path d="{path}z" fill="none" stroke="#e0ece6" stroke-width="1.5"/>"##);
    }
    paths
}

/// The largest size up to `size` at which the text is no wider than `width`, judged by full and half widths.
pub(super) fn fitted(text: &str, width: f64, size: f64) -> f64 {
    let ems: f64 = text.chars().map(|c| if c.is_ascii() { 0.6 } else { 1.0 }).sum();
    if ems * size > width { (width / ems).floor() } else { size }
}

pub(super) fn chinese(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), u8::from(date.month()), date.day())
}

pub(super) fn english(date: Date) -> String {
    format!("{} {} {}", date.day(), date.month(), date.year())
}

/// Control characters cannot stand in XML, not even escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
