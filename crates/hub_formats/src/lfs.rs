//! LFS pointers: the small text that stands in git for a large file.
//!
//! ```text
//! version https://git-lfs.github.com/spec/v1
//! ext-0-foo sha256:…            any number of extension lines, seldom seen
//! oid sha256:64 hexadecimal digits
//! size 12345
//! ```
//! Each line ends in LF, keys after `version` are in alphabetical order, and the whole is shorter than 1024 bytes.
//! Reading is as lenient as git-lfs is (old version lines, CRLF, space around the text, empty lines); writing gives the
//! three lines that every client gives, so that equal files have equal pointers.

use std::fmt;

use hub_core::Sha256;

/// A blob of this many bytes or more is no pointer.
pub const POINTER_MAX_BYTES: usize = 1024;

/// The first line of every pointer that is written today.
const VERSION: &str = "https://git-lfs.github.com/spec/v1";
/// The first lines of every pointer that was ever written.
const VERSIONS: [&str; 3] = [VERSION, "https://hawser.github.com/spec/v1", "http://git-media.io/v/2"];

/// Why a text is no pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It has 1024 bytes or more, or is no text.
    #[error("not a short text")]
    NotText,
    /// It does not begin with a version line of git-lfs.
    #[error("no LFS version line")]
    NoVersion,
    /// It begins like a pointer, but a line after that is missing, out of order or malformed.
    #[error("the LFS pointer has no valid '{key}' line")]
    Malformed {
        /// The line that was expected.
        key: &'static str,
    },
}

/// The name and size of a large file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pointer {
    /// The hash of the file's content.
    pub oid: Sha256,
    /// The file's size in bytes.
    pub size: u64,
}

impl Pointer {
    /// Reads a blob as a pointer, as leniently as git-lfs does.
    pub fn parse(blob: &[u8]) -> Result<Self, PointerError> {
        if blob.len() >= POINTER_MAX_BYTES {
            return Err(PointerError::NotText);
        }
        let text = std::str::from_utf8(blob).map_err(|_| PointerError::NotText)?;
        let mut lines = text.trim().lines().filter(|line| !line.is_empty()).peekable();
        let version = lines.next().and_then(|line| line.strip_prefix("version "));
        if !version.is_some_and(|version| VERSIONS.contains(&version.trim())) {
            return Err(PointerError::NoVersion);
        }
        while let Some(line) = lines.next_if(|line| line.starts_with("ext-")) {
            if !is_extension(line) {
                return Err(PointerError::Malformed { key: "ext" });
            }
        }
        let oid = lines.next().and_then(|line| line.strip_prefix("oid sha256:"));
        let oid = oid.and_then(|hex| hex.parse().ok()).ok_or(PointerError::Malformed { key: "oid" })?;
        let size = lines.next().and_then(|line| line.strip_prefix("size "));
        let size = size.and_then(parse_size).ok_or(PointerError::Malformed { key: "size" })?;
        if lines.next().is_some() {
            return Err(PointerError::Malformed { key: "size" });
        }
        Ok(Self { oid, size })
    }

    /// Reads a blob as a pointer only if it is exactly what [`Pointer::write`] gives.
    pub fn parse_canonical(blob: &[u8]) -> Option<Self> {
        Self::parse(blob).ok().filter(|pointer| pointer.write().as_bytes() == blob)
    }

    /// The three lines that every client writes.
    pub fn write(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "version {VERSION}\noid sha256:{}\nsize {}", self.oid, self.size)
    }
}

/// Digits only: what `str::parse` also takes, such as a leading plus, is no size. Sizes are signed in every client.
fn parse_size(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|size| plain && i64::try_from(*size).is_ok())
}

/// `ext-` digit `-` name SP `sha256:` hash.
fn is_extension(line: &str) -> bool {
    let Some((key, value)) = line.split_once(' ') else { return false };
    let Some(rest) = key.strip_prefix("ext-") else { return false };
    let Some((order, name)) = rest.split_once('-') else { return false };
    let hash = value.strip_prefix("sha256:").is_some_and(|hex| hex.parse::<Sha256>().is_ok());
    order.len() == 1 && order.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() && hash
}

#[cfg(test)]
mod tests;
