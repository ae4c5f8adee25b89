//! A full disk is told apart from a broken one.

use std::io::Write;

use super::*;

#[test]
fn a_full_device_is_full() {
    let Ok(mut device) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let error = BlobError::from(device.write_all(b"x").unwrap_err());
    assert!(matches!(error, BlobError::Full(_)), "{error:?}");
    assert_eq!(error.code(), Code::StorageFull);
}

#[test]
fn another_failure_is_ours() {
    let error = BlobError::from(io::Error::from(io::ErrorKind::PermissionDenied));
    assert_eq!(error.code(), Code::Internal);
}
