//! A stack of A4 pages to write and draw on, and how they become a file.
//!
//! Places are points from the upper left corner. Must not know what is drawn, or where it belongs.

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::document::PaperError;
use super::face::{COMPRESSION, Face};

/// How wide a page is.
pub(super) const WIDTH: f32 = 595.28;
/// How high a page is.
pub(super) const HEIGHT: f32 = 841.89;

/// How far a text is made smaller to fit.
pub(super) const SMALLEST: f32 = 0.6;

/// The typeface of plain text.
pub(super) const REGULAR: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/assets/fonts/Roboto-Regular.ttf"
));
const BOLD: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/assets/fonts/Roboto-Bold.ttf"
));

/// Red, green and blue, each from 0 to 1.
pub(super) type Colour = [f32; 3];

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) struct Pen {
    pub(super) bold: bool,
    pub(super) size: f32,
    pub(super) colour: Colour,
}

/// Pages in the making.
pub(super) struct Canvas {
    regular: Face,
    bold: Face,
    pages: Vec<Content>,
    current: usize,
}

impl Canvas {
    /// One empty page.
    pub(super) fn new() -> Result<Self, PaperError> {
        Ok(Self {
            regular: Face::new("Roboto-Regular", REGULAR)?,
            bold: Face::new("Roboto-Bold", BOLD)?,
            pages: vec![Content::new()],
            current: 0,
        })
    }

    /// Adds a page and turns to it.
    pub(super) fn add_page(&mut self) {
        self.current = self.pages.len();
        self.pages.push(Content::new());
    }

    pub(super) fn pages(&self) -> usize {
        self.pages.len()
    }

    /// What follows goes onto this page, counted from 0.
    pub(super) fn turn_to(&mut self, page: usize) {
        self.current = page;
    }

    pub(super) fn width(&self, pen: Pen, text: &str) -> f32 {
        self.face(pen).width(text) * pen.size
    }

    /// A text in lines of at most so many points.
    pub(super) fn wrap(&self, pen: Pen, text: &str, most: f32) -> Vec<String> {
        self.face(pen).wrap(text, most / pen.size)
    }

    /// Writes to the right of a point on the base line.
    pub(super) fn write(&mut self, x: f32, y: f32, pen: Pen, text: &str) {
        let (face, name) = if pen.bold {
            (&mut self.bold, Name(b"B"))
        } else {
            (&mut self.regular, Name(b"R"))
        };
        let codes = face.encode(text);
        let Some(page) = self.pages.get_mut(self.current) else {
            return;
        };
        let [red, green, blue] = pen.colour;
        page.begin_text()
            .set_fill_rgb(red, green, blue)
            .set_font(name, pen.size)
            .next_line(x, HEIGHT - y)
            .show(Str(&codes))
            .end_text();
    }

    /// Writes to the left of a point on the base line, within so many points.
    pub(super) fn write_left_of(&mut self, x: f32, y: f32, pen: Pen, text: &str, most: f32) {
        let (pen, text, width) = self.fit(pen, text, most);
        self.write(x - width, y, pen, &text);
    }

    /// A text that is at most so many points wide, with the width that it has: smaller if need be,
    /// and cut where it were too small to read.
    pub(super) fn fit(&self, pen: Pen, text: &str, most: f32) -> (Pen, String, f32) {
        let width = self.width(pen, text);
        if width <= most {
            return (pen, text.to_owned(), width);
        }
        let size = pen.size * (most / width).max(SMALLEST);
        let pen = Pen { size, ..pen };
        let text = self.face(pen).cut(text, most / size);
        let width = self.width(pen, &text);
        (pen, text, width)
    }

    /// Fills a rectangle, given by its upper left corner.
    pub(super) fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        let Some(page) = self.pages.get_mut(self.current) else {
            return;
        };
        let [red, green, blue] = colour;
        page.set_fill_rgb(red, green, blue)
            .rect(x, HEIGHT - y - height, width, height)
            .fill_nonzero();
    }

    /// The pages as a file.
    pub(super) fn finish(self, title: &str, author: &str) -> Result<Vec<u8>, PaperError> {
        let mut last = Ref::new(1);
        let mut next = || last.bump();
        let (catalog, tree, info, regular, bold) = (next(), next(), next(), next(), next());
        let pages: Vec<(Ref, Ref, Content)> = self
            .pages
            .into_iter()
            .map(|content| (next(), next(), content))
            .collect();

        let mut pdf = Pdf::new();
        let mut root = pdf.catalog(catalog);
        root.pages(tree).lang(TextStr("en"));
        root.viewer_preferences().display_doc_title(true);
        root.finish();
        pdf.document_info(info)
            .title(TextStr(title))
            .author(TextStr(author));
        let mut node = pdf.pages(tree);
        node.kids(pages.iter().map(|(page, ..)| *page))
            .count(i32::try_from(pages.len()).unwrap_or(i32::MAX))
            .media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT));
        node.resources()
            .fonts()
            .pair(Name(b"R"), regular)
            .pair(Name(b"B"), bold);
        node.finish();
        for (page, stream, content) in pages {
            pdf.page(page).parent(tree).contents(stream);
            let content = compress_to_vec_zlib(&content.finish(), COMPRESSION);
            pdf.stream(stream, &content).filter(Filter::FlateDecode);
        }
        self.regular.embed(&mut pdf, regular, &mut next)?;
        self.bold.embed(&mut pdf, bold, &mut next)?;
        Ok(pdf.finish())
    }

    fn face(&self, pen: Pen) -> &Face {
        if pen.bold { &self.bold } else { &self.regular }
    }
}
