//! Opening the file, and holding it so that it can be opened again while reads go on.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use redb::{Builder, Database, DatabaseError};

use super::error::StoreError;

/// Opens a database on a device of the caller's making.
pub type OpenDevice = Arc<dyn Fn(&Builder) -> Result<Database, DatabaseError> + Send + Sync>;

/// Where the records are kept.
#[derive(Clone)]
pub enum Storage {
    File(PathBuf),
    Memory,
    /// Any device: tests hand in disks that lose power.
    Device(OpenDevice),
}

/// Memory redb may use for pages, in bytes. The operating system's page cache stands behind it.
pub const CACHE_BYTES: usize = 192 * 1024 * 1024;

/// Holds the open database. Readers take it without a lock; the writer may replace it. A reader
/// that is at work when it is replaced gets [`StoreError::Unavailable`].
pub(super) struct Slot {
    storage: Storage,
    database: ArcSwapOption<Database>,
}

impl Slot {
    pub(super) fn open(storage: Storage) -> Result<Self, StoreError> {
        let database = open(&storage)?;
        Ok(Self {
            storage,
            database: ArcSwapOption::from_pointee(database),
        })
    }

    pub(super) fn database(&self) -> Option<Arc<Database>> {
        self.database.load_full()
    }

    /// Where the file is, if there is one.
    pub(super) fn path(&self) -> Option<PathBuf> {
        match &self.storage {
            Storage::File(path) => Some(path.clone()),
            Storage::Memory | Storage::Device(_) => None,
        }
    }

    /// Lets go of the database and opens it anew. Memory cannot fail and is kept.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        if matches!(self.storage, Storage::Memory) {
            return Ok(());
        }
        self.close();
        let database = open_held(&self.storage)?;
        self.database.store(Some(Arc::new(database)));
        Ok(())
    }

    /// Lets go of the database and closes the file.
    pub(super) fn close(&self) {
        if let Some(mut database) = self.database.swap(None) {
            // Others hold it for as long as it takes to begin reading: microseconds.
            loop {
                match Arc::try_unwrap(database) {
                    Ok(database) => return drop(database),
                    Err(shared) => database = shared,
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    }
}

/// Says which file could not be opened, where that is all there is to say.
fn not_opened(error: DatabaseError, path: &Path) -> StoreError {
    let shown = path.display();
    match error {
        DatabaseError::Storage(redb::StorageError::Io(error)) => match error.kind() {
            ErrorKind::PermissionDenied => StoreError::Io(std::io::Error::new(
                error.kind(),
                format!("not allowed to open {shown}: run this as the user that the box runs as"),
            )),
            ErrorKind::InvalidData => {
                StoreError::Damaged(format!("{shown} is no data file of boxoffice: {error}"))
            }
            _ => StoreError::Io(error),
        },
        other => other.into(),
    }
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder.set_repair_callback(|session| {
        tracing::info!(
            progress_percent = session.progress() * 100.0,
            "store.repair"
        );
    });
    builder
}

/// Opens the storage, making the file where there is none.
fn open(storage: &Storage) -> Result<Database, StoreError> {
    if let Storage::File(path) = storage
        && !path.exists()
    {
        create(&builder(), path)?;
    }
    open_held(storage)
}

/// Opens what must be there: a file that vanished, with its disk perhaps, is not made anew.
fn open_held(storage: &Storage) -> Result<Database, StoreError> {
    let builder = builder();
    Ok(match storage {
        Storage::Memory => builder.create_with_backend(redb::backends::InMemoryBackend::new())?,
        Storage::Device(open) => open(&builder)?,
        Storage::File(path) => {
            // One that another user owns is that user's to protect.
            let _ = keep_private(path);
            builder
                .open(path)
                .map_err(|error| not_opened(error, path))?
        }
    })
}

/// Nobody but the owner reads the signing key and the hashes that are in the file.
fn keep_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Makes an empty file under another name and moves it into place when it is whole: a power cut
/// during the first creation would leave a file that never opens.
fn create(builder: &Builder, path: &Path) -> Result<(), StoreError> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    if draft.exists() {
        std::fs::remove_file(&draft)?;
    }
    builder.create(&draft)?.close()?;
    keep_private(&draft)?;
    File::open(&draft)?.sync_all()?;
    // Unlike a rename, a link never takes the place of a file that another process just made.
    let linked = match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::Unsupported => std::fs::rename(&draft, path),
        other => other,
    };
    if draft.exists() {
        std::fs::remove_file(&draft)?;
    }
    linked?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}
