//! QR codes for the pages: as a path that the page draws, so that no picture has to be trusted.

use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;
use utoipa::ToSchema;

/// Light modules that stand around a code, as its standard wants them.
const QUIET: usize = 4;

/// A QR code. Drawn in a square with sides of `size`, dark on light.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QrCode)]
pub(super) struct QrOut {
    /// Modules of a side, with what is left free around them.
    size: usize,
    /// All dark modules, as the `d` of a path of SVG.
    #[schema(example = "M4 4h7v1h-7z")]
    path: String,
}

impl QrOut {
    /// `None`: more text than a code holds.
    pub(super) fn new(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let modules = code.to_colors();
        let mut path = String::new();
        for (y, row) in modules.chunks(width).enumerate() {
            let mut x = 0usize;
            for run in row.chunk_by(|one, other| one == other) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                    path.push_str(&format!("M{left} {top}h{length}v1h-{length}z"));
                }
                x = x.saturating_add(run.len());
            }
        }
        Some(Self {
            size: width + 2 * QUIET,
            path,
        })
    }
}
