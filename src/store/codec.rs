//! Records as bytes: one version byte, then bincode. The only file that names `bincode`.
//!
//! bincode is not self-describing, so a changed struct gets a new version number and a step in
//! `Record::upgrade`; the version byte is also the way out to another codec.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CodecError;
use super::record::Record;

/// Longest record in bytes: a damaged length must not ask for all the memory there is.
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

type Config = bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<RECORD_BYTES_MAX>,
>;

const CONFIG: Config = bincode::config::standard().with_limit::<RECORD_BYTES_MAX>();

/// The bytes kept for `record`.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(R::VERSION);
    bincode::serde::encode_into_std_write(record, &mut bytes, CONFIG).map_err(|error| {
        CodecError::Unencodable {
            reason: error.to_string(),
        }
    })?;
    Ok(bytes)
}

/// The record that `bytes` hold, whatever version wrote them.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, CodecError> {
    let table = R::TABLE.name();
    let (&version, body) = bytes.split_first().ok_or(CodecError::Empty { table })?;
    if version == R::VERSION {
        decode_body(table, body)
    } else {
        R::upgrade(version, body)
    }
}

/// The struct that `body` holds, every byte of it: left-over bytes are an error.
pub fn decode_body<T: DeserializeOwned>(table: &'static str, body: &[u8]) -> Result<T, CodecError> {
    let (value, used) = bincode::serde::decode_from_slice(body, CONFIG).map_err(|error| {
        CodecError::Undecodable {
            table,
            reason: error.to_string(),
        }
    })?;
    if used == body.len() {
        Ok(value)
    } else {
        let reason = format!("{} bytes too many", body.len().saturating_sub(used));
        Err(CodecError::Undecodable { table, reason })
    }
}

/// Plain bytes of any value, for hashing.
pub fn bytes_of<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    bincode::serde::encode_to_vec(value, CONFIG).map_err(|error| CodecError::Unencodable {
        reason: error.to_string(),
    })
}
