//! Git's objects: blobs, trees, commits and tags, byte for byte as git hashes them.

pub mod commit;
pub mod delta;
pub mod object;
pub mod pack;
pub mod pkt_line;
pub mod signature;
pub mod tag;
pub mod tree;

pub use commit::{Commit, Header};
pub use object::{Compressor, ObjectError, ObjectKind, compress, decompress, object_id};
pub use signature::Signature;
pub use tag::Tag;
pub use tree::{EntryRef, Mode, Tree, TreeEntry};
