//! The document as a PDF: where each word goes on the pages.
//!
//! Must not know how pages become a file; that is `canvas`.

use super::canvas::{Canvas, Colour, HEIGHT, Pen, SMALLEST, WIDTH};
use super::document::{LINES_MAX, Paper, PaperError, PaperLine};

const LEFT: f32 = 56.0;
const RIGHT: f32 = WIDTH - 56.0;
const TOP: f32 = 60.0;
/// Where the text of a page ends; the footer stands below.
const FOOT: f32 = HEIGHT - 72.0;
/// Where the second column of the head begins.
const MIDDLE: f32 = 330.0;
/// From the top of one line to the top of the next.
const LEADING: f32 = 13.0;
/// Between the text of a row and its border.
const PADDING: f32 = 5.0;
/// Between two columns.
const GAP: f32 = 14.0;
/// What the columns of numbers leave at least to the first one.
const DESCRIPTION: f32 = 170.0;
/// How wide the block of totals is.
const SUMS: f32 = RIGHT - MIDDLE;

const INK: Colour = [0.09, 0.11, 0.15];
const SOFT: Colour = [0.39, 0.42, 0.47];
const HAIR: Colour = [0.87, 0.88, 0.90];
const ACCENT: Colour = [0.11, 0.36, 0.69];

const HUGE: Pen = pen(true, 26.0, INK);
const NUMBER: Pen = pen(false, 12.0, SOFT);
const NAME: Pen = pen(true, 10.0, INK);
const TEXT: Pen = pen(false, 9.0, INK);
const QUIET: Pen = pen(false, 9.0, SOFT);
const LABEL: Pen = pen(true, 8.0, ACCENT);
const HEADER: Pen = pen(true, 8.0, SOFT);
const TOTAL: Pen = pen(true, 13.0, INK);
const SMALL: Pen = pen(false, 8.0, SOFT);

const fn pen(bold: bool, size: f32, colour: Colour) -> Pen {
    Pen { bold, size, colour }
}

/// The document as an A4 PDF with its typefaces inside. Says nothing of the time at which it was
/// made. A character that the typefaces lack becomes a box; a head that is longer than a page is
/// cut at its foot.
pub fn pdf(paper: &Paper) -> Result<Vec<u8>, PaperError> {
    if paper.lines.len() > LINES_MAX {
        return Err(PaperError::TooManyLines(paper.lines.len()));
    }
    let canvas = Canvas::new()?;
    let columns = Columns::measure(&canvas, paper);
    let mut layout = Layout {
        canvas,
        paper,
        columns,
        y: TOP,
        in_table: false,
    };
    layout.head();
    layout.table();
    layout.totals();
    layout.notes();
    layout.footers();
    let author = paper.seller.first().map_or("", String::as_str);
    layout.canvas.finish(&paper.heading(), author)
}

/// Where the columns of the lines stand.
struct Columns {
    /// How wide the first one is.
    description: f32,
    /// The right edge and the width of each column of numbers.
    numbers: [(f32, f32); 4],
    /// What the numbers are written with.
    pen: Pen,
}

impl Columns {
    /// As wide as the widest number; all numbers smaller where nothing were left for the titles.
    fn measure(canvas: &Canvas, paper: &Paper) -> Self {
        let [_, headers @ ..] = paper.columns;
        let headers = headers.map(|header| canvas.width(HEADER, header));
        let mut widths = headers;
        for line in &paper.lines {
            for (width, number) in widths.iter_mut().zip(&line.numbers) {
                *width = width.max(canvas.width(TEXT, number));
            }
        }
        let gaps = GAP * 4.0;
        let fit = (RIGHT - LEFT - DESCRIPTION - gaps) / widths.iter().sum::<f32>();
        let size = TEXT.size * fit.clamp(SMALLEST, 1.0);
        for (width, header) in widths.iter_mut().zip(headers) {
            *width = header.max(*width * fit.min(1.0));
        }
        let mut edge = RIGHT - gaps - widths.iter().sum::<f32>();
        Self {
            description: edge - LEFT,
            numbers: widths.map(|width| {
                edge += GAP + width;
                (edge, width)
            }),
            pen: Pen { size, ..TEXT },
        }
    }
}

/// A document that has been laid out down to `y`.
struct Layout<'a> {
    canvas: Canvas,
    paper: &'a Paper,
    columns: Columns,
    y: f32,
    in_table: bool,
}

impl Layout<'_> {
    /// Goes on to the next page unless so much fits on this one.
    fn room(&mut self, height: f32) {
        if self.y + height <= FOOT {
            return;
        }
        self.canvas.add_page();
        self.y = TOP;
        if self.in_table {
            self.header_row();
        }
    }

    fn rule(&mut self, from: f32, thickness: f32, colour: Colour) {
        self.canvas
            .fill(from, self.y, RIGHT - from, thickness, colour);
    }

    /// Writes lines below each other, down to the foot at most; returns where they end.
    fn block<'t>(
        &mut self,
        x: f32,
        mut y: f32,
        most: f32,
        lines: impl Iterator<Item = (Pen, &'t str)>,
    ) -> f32 {
        for (pen, text) in lines {
            for line in self.canvas.wrap(pen, text, most) {
                let height = LEADING.max(pen.size * 1.3);
                if y + height > FOOT {
                    return y;
                }
                self.canvas.write(x, y + pen.size, pen, &line);
                y += height;
            }
        }
        y
    }

    fn head(&mut self) {
        let paper = self.paper;
        self.canvas.fill(LEFT, self.y - 14.0, 36.0, 3.0, ACCENT);
        let title = [(HUGE, paper.title.as_str()), (NUMBER, &paper.number)];
        let left = self.block(LEFT, self.y, MIDDLE - LEFT - GAP, title.into_iter());
        let seller = party(&paper.seller);
        let right = self.block(MIDDLE, self.y + 5.0, RIGHT - MIDDLE, seller);
        self.y = left.max(right) + 30.0;

        let label = std::iter::once((LABEL, paper.addressed));
        let left = self.block(LEFT, self.y, MIDDLE - LEFT - GAP, label);
        let buyer = party(&paper.buyer);
        let left = self.block(LEFT, left + 2.0, MIDDLE - LEFT - GAP, buyer);
        let right = self.details();
        self.y = left.max(right) + 28.0;
    }

    fn details(&mut self) -> f32 {
        let details = self.paper.details();
        let widest = details
            .iter()
            .map(|(label, _)| self.canvas.width(QUIET, label))
            .fold(0.0, f32::max);
        let value = MIDDLE + (widest + GAP).min((RIGHT - MIDDLE) / 2.0);
        let mut y = self.y;
        for (label, text) in details {
            let label = std::iter::once((QUIET, label));
            let left = self.block(MIDDLE, y, value - MIDDLE - 4.0, label);
            let right = self.block(value, y, RIGHT - value, std::iter::once((TEXT, text)));
            y = left.max(right) + 2.0;
        }
        y
    }

    fn table(&mut self) {
        self.room(LEADING * 4.0);
        self.header_row();
        self.in_table = true;
        for line in &self.paper.lines {
            self.row(line);
        }
        self.in_table = false;
    }

    fn header_row(&mut self) {
        let [first, headers @ ..] = self.paper.columns;
        let base = self.y + HEADER.size;
        self.canvas.write(LEFT, base, HEADER, first);
        for (header, (edge, width)) in headers.into_iter().zip(self.columns.numbers) {
            self.canvas
                .write_left_of(edge, base, HEADER, header, width + 0.1);
        }
        self.y += HEADER.size + PADDING + 2.0;
        self.rule(LEFT, 1.0, INK);
        self.y += 1.0;
    }

    fn row(&mut self, line: &PaperLine) {
        let mut title = self
            .canvas
            .wrap(TEXT, &line.title, self.columns.description);
        if title.is_empty() {
            title.push(String::new());
        }
        // Whole rows as long as they are short; a title of pages goes on line by line.
        let lines = title.iter().take(20).fold(0.0, |sum, _| sum + LEADING);
        self.room(lines + PADDING * 2.0);
        self.y += PADDING;
        for (index, text) in title.iter().enumerate() {
            self.room(LEADING + PADDING);
            let base = self.y + TEXT.size;
            self.canvas.write(LEFT, base, TEXT, text);
            if index == 0 {
                let numbers = line.numbers.iter().zip(self.columns.numbers);
                for (number, (edge, width)) in numbers {
                    self.canvas
                        .write_left_of(edge, base, self.columns.pen, number, width + 0.1);
                }
            }
            self.y += LEADING;
        }
        self.y += PADDING - 2.0;
        self.rule(LEFT, 0.5, HAIR);
    }

    fn totals(&mut self) {
        let paper = self.paper;
        let few = paper.totals.iter().take(12);
        self.room(few.fold(70.0, |sum, _| sum + LEADING + 3.0));
        self.y += 14.0;
        for (label, amount) in &paper.totals {
            self.room(LEADING + 3.0);
            self.sum(QUIET, TEXT, label, amount);
            self.y += LEADING + 3.0;
        }
        self.room(40.0);
        self.y += 3.0;
        self.rule(MIDDLE, 1.0, INK);
        self.y += 9.0;
        self.sum(TOTAL, TOTAL, &paper.total.0, &paper.total.1);
        self.y += 34.0;
    }

    /// A label to the left, its amount to the right.
    fn sum(&mut self, label_pen: Pen, pen: Pen, label: &str, amount: &str) {
        let base = self.y + pen.size;
        let (pen, amount, width) = self.canvas.fit(pen, amount, SUMS * 0.75);
        self.canvas.write(RIGHT - width, base, pen, &amount);
        let (pen, label, _) = self.canvas.fit(label_pen, label, SUMS - width - GAP);
        self.canvas.write(MIDDLE, base, pen, &label);
    }

    fn notes(&mut self) {
        for note in &self.paper.notes {
            let lines = self.canvas.wrap(QUIET, note, RIGHT - LEFT);
            self.room(lines.iter().take(10).fold(0.0, |sum, _| sum + LEADING));
            for line in lines {
                self.room(LEADING);
                self.canvas.write(LEFT, self.y + QUIET.size, QUIET, &line);
                self.y += LEADING;
            }
            self.y += 5.0;
        }
    }

    fn footers(&mut self) {
        let pages = self.canvas.pages();
        let seller = self.paper.seller.first().map_or("", String::as_str);
        let words = [seller, &self.paper.heading()]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join("  ·  ");
        let (pen, words, _) = self.canvas.fit(SMALL, &words, RIGHT - LEFT - 90.0);
        self.y = HEIGHT - 52.0;
        let base = self.y + 16.0;
        for page in 0..pages {
            self.canvas.turn_to(page);
            self.rule(LEFT, 0.5, HAIR);
            self.canvas.write(LEFT, base, pen, &words);
            let (word, of) = (self.paper.frame.page, self.paper.frame.of);
            let count = format!("{word} {} {of} {pages}", page + 1);
            self.canvas.write_left_of(RIGHT, base, SMALL, &count, 80.0);
        }
    }
}

/// A name with its address.
fn party(lines: &[String]) -> impl Iterator<Item = (Pen, &str)> {
    let pens = std::iter::once(NAME).chain(std::iter::repeat(QUIET));
    pens.zip(lines.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::super::sample::paper;
    use super::pdf;
    use crate::paper::document::{LINES_MAX, PaperError};

    /// How many pages the page tree of a file counts.
    fn pages(file: &[u8]) -> usize {
        let text = String::from_utf8_lossy(file);
        let (_, rest) = text.split_once("/Count ").unwrap();
        rest.split_whitespace().next().unwrap().parse().unwrap()
    }

    #[test]
    fn it_is_a_small_pdf_of_one_page() {
        let file = pdf(&paper(3)).unwrap();
        assert!(file.starts_with(b"%PDF-1."));
        assert!(file.trim_ascii_end().ends_with(b"%%EOF"));
        assert_eq!(pages(&file), 1);
        assert!(file.len() < 60_000, "{} bytes", file.len());
    }

    #[test]
    fn the_same_paper_gives_the_same_bytes_and_no_time() {
        let file = pdf(&paper(40)).unwrap();
        assert_eq!(file, pdf(&paper(40)).unwrap());
        assert_ne!(file, pdf(&paper(41)).unwrap());
        let text = String::from_utf8_lossy(&file);
        assert!(!text.contains("/CreationDate") && !text.contains("/ModDate"));
    }

    #[test]
    fn many_lines_flow_over_pages() {
        let few = pages(&pdf(&paper(30)).unwrap());
        let many = pages(&pdf(&paper(500)).unwrap());
        assert!(few >= 2 && many > 10 && many < 30, "{few}, {many}");
    }

    #[test]
    fn lines_are_bounded() {
        assert!(pdf(&paper(LINES_MAX)).is_ok());
        let error = pdf(&paper(LINES_MAX + 1)).unwrap_err();
        assert!(matches!(error, PaperError::TooManyLines(10_001)), "{error}");
    }

    #[test]
    fn any_text_in_any_place_gives_a_pdf() {
        for text in [
            "",
            "Привет, мир",
            "قناة الأخبار",
            "频道 📺 \u{10ffff}",
            "\0\u{7f}\r\n\t\u{202e}",
            "e\u{301}",
            &"W".repeat(20_000),
            &"word ".repeat(5_000),
        ] {
            let mut paper = paper(2);
            paper.corrects = Some(text.to_owned());
            for place in [&mut paper.title, &mut paper.number, &mut paper.issued] {
                text.clone_into(place);
            }
            paper.seller = vec![text.to_owned(); 3];
            paper.buyer = vec![text.to_owned(); 3];
            paper.facts = vec![(text.to_owned(), text.to_owned()); 3];
            paper.totals = paper.facts.clone();
            paper.total = (text.to_owned(), text.to_owned());
            paper.notes = vec![text.to_owned(); 2];
            for line in &mut paper.lines {
                text.clone_into(&mut line.title);
                text.clone_into(&mut line.numbers[3]);
            }
            assert!(pages(&pdf(&paper).unwrap()) >= 1);
        }
        assert!(pdf(&super::Paper::default()).is_ok());
    }
}
