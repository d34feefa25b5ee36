//! The certificate as a sheet of paper (A4, and legible when printed as A5 or seen on a phone), and forms sent by post.
//!
//! **In**: a [`SignedCertificate`] and the [`Fonts`] of this machine. **Out**: a [`Drawing`], one and the same as SVG,
//! PNG and PDF (with real, selectable text and the fonts' used part embedded). **What can go wrong**: [`DrawError`]; above
//! all a missing font or character, which is said rather than drawn as an empty box.

mod fonts;
mod form;
mod qr;
mod sheet;

use krilla::Document;
use krilla::geom::Size;
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt as _, SvgSettings};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Group, Node, Tree};
use time::OffsetDateTime;

pub use fonts::Fonts;
pub use form::{MailedForm, MailedFormKind, draw_form};

use crate::SignedCertificate;

/// A4 in PDF points.
const A4: (f32, f32) = (595.28, 841.89);

/// Why there is no drawing.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// No font with Chinese characters is installed.
    #[error("certificate drawing needs a CJK font: install fonts-noto-cjk")]
    NoCjkFont,
    /// Some character, most likely of the name, is in none of the installed fonts.
    #[error("a character of the certificate is in no installed font: install fonts-babelstone-han")]
    NoGlyph,
    /// The bytes hold no claims.
    #[error("no certificate can be read from this")]
    Unreadable,
    /// The drawing itself failed; the text says where.
    #[error("the certificate could not be drawn: {0}")]
    Failed(&'static str),
}

/// A certificate, or a form, drawn.
pub struct Drawing {
    svg: String,
    tree: Tree,
    title: &'static str,
    text: String,
    issued_at: OffsetDateTime,
}

/// Draws what the certificate says. The signature is not checked here: draw what was just issued or verified.
pub fn draw(certificate: &SignedCertificate, fonts: &Fonts) -> Result<Drawing, DrawError> {
    let claims = certificate.claims_unchecked().ok_or(DrawError::Unreadable)?;
    let text = certificate.text();
    let qr = qr::path(&text).ok_or(DrawError::Failed("qr code"))?;
    let svg = sheet::svg(&claims, &qr, fonts);
    drawn(svg, fonts, "健在证明 Life certificate", text, claims.issued_at)
}

/// Sets the text of a page; `text` stands among its keywords.
fn drawn(
    svg: String,
    fonts: &Fonts,
    title: &'static str,
    text: String,
    issued_at: OffsetDateTime,
) -> Result<Drawing, DrawError> {
    let tree = Tree::from_str(&svg, &fonts.options()).map_err(|_| DrawError::Failed("svg"))?;
    if has_missing_glyph(tree.root()) {
        return Err(DrawError::NoGlyph);
    }
    Ok(Drawing { svg, tree, title, text, issued_at })
}

impl Drawing {
    /// As SVG. Its text names the fonts of this machine: send PNG or PDF to others.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// As PNG, `width` pixels wide (1240 is 150 dpi on A4). From 1000 on, any reader takes the QR code at once.
    pub fn png(&self, width: u32) -> Result<Vec<u8>, DrawError> {
        let scale = f64::from(width) / f64::from(self.tree.size().width());
        let height = (f64::from(self.tree.size().height()) * scale).round() as u32;
        let mut pixmap = Pixmap::new(width, height).ok_or(DrawError::Failed("picture size"))?;
        resvg::render(&self.tree, Transform::from_scale(scale as f32, scale as f32), &mut pixmap.as_mut());
        pixmap.encode_png().map_err(|_| DrawError::Failed("png"))
    }

    /// As PDF, one A4 page. Its keywords hold the certificate's text, so that [`crate::verify`] reads the file itself.
    pub fn pdf(&self) -> Result<Vec<u8>, DrawError> {
        let size = Size::from_wh(A4.0, A4.1).ok_or(DrawError::Failed("page size"))?;
        let mut document = Document::new();
        document.set_metadata(self.metadata());
        let mut page = document.start_page_with(PageSettings::new(size));
        let mut surface = page.surface();
        surface.draw_svg(&self.tree, size, SvgSettings::default()).ok_or(DrawError::Failed("pdf page"))?;
        surface.finish();
        page.finish();
        document.finish().map_err(|_| DrawError::Failed("pdf"))
    }

    fn metadata(&self) -> Metadata {
        let at = self.issued_at;
        let created = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
            .month(at.month().into())
            .day(at.day())
            .hour(at.hour())
            .minute(at.minute())
            .second(at.second())
            .utc_offset_hour(0)
            .utc_offset_minute(0);
        Metadata::new()
            .title(self.title.to_owned())
            .language("zh-CN".to_owned())
            .keywords(Some(self.text.clone()).filter(|text| !text.is_empty()).into_iter().collect())
            .creator("Jianzai".to_owned())
            .creation_date(created)
    }
}

/// Glyph 0 is a font's empty box for what it doesn't have.
fn has_missing_glyph(group: &Group) -> bool {
    group.children().iter().any(|node| match node {
        Node::Group(group) => has_missing_glyph(group),
        Node::Text(text) => text
            .layouted()
            .iter()
            .flat_map(|span| &span.positioned_glyphs)
            .any(|glyph| glyph.id == ttf_parser::GlyphId(0)),
        _ => false,
    })
}
