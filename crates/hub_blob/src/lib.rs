//! Objects in a folder or on an S3-compatible store: typed keys, ranges, multipart, presigned links.
