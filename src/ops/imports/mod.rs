//! Lists and guides of others, brought in: channels from M3U lists, programmes from XMLTV guides.
//!
//! Sources are read as streams and in bounds. Importing the same again changes nothing.

mod channels;
mod charset;
mod entities;
mod entry;
mod films;
mod incoming;
mod kinds;
mod m3u;
mod markup;
mod matching;
mod one_line;
mod options;
mod plain_text;
mod plan;
mod programmes;
mod report;
mod spill;
mod text;
mod times;
mod undo;
mod unpack;
mod writing;
mod xmltv;

use crate::app::Ctx;
use crate::domain::staff::Permission;
use crate::ops::OpError;

pub use channels::import_m3u;
pub use incoming::{Feed, Incoming, Reader};
pub use options::{CHANNELS_MAX, FILMS_MAX, Options, SOURCE_CHARS_MAX};
pub use programmes::import_xmltv;
pub use report::{Counts, Left, Notes, Progress, Report, Step};
pub use undo::undo;

pub use crate::outbound::fetch::Asking;

/// Opens a source at an address. It is there to be read while the future that comes with it runs.
pub async fn fetch(
    ctx: &Ctx,
    url: &str,
    asking: &Asking,
) -> Result<(Reader, impl Future<Output = ()> + Send), OpError> {
    ctx.require(Permission::CatalogueWrite)?;
    let opened = ctx.app.outbound.fetch.open(url, asking).await;
    let mut download = opened.map_err(|problem| OpError::Elsewhere { problem })?;
    let (feed, incoming) = Incoming::new();
    let fill = async move {
        loop {
            let piece = match download.piece().await {
                Ok(Some(piece)) => Ok(piece),
                Ok(None) => return feed.end().await,
                Err(reason) => Err(std::io::Error::other(reason)),
            };
            let is_last = piece.is_err();
            if !feed.give(piece).await || is_last {
                return;
            }
        }
    };
    Ok((Box::new(incoming), fill))
}
