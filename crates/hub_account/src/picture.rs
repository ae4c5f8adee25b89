//! Pictures of people and organisations.
//!
//! What is sent is drawn anew: turned upright, cut to a square, made small, and written without anything else that the
//! file held, such as where a photograph was taken. The memory that a picture may claim is bounded before it is read, so
//! a small file that unfolds to a huge one is refused.

use std::io::Cursor;

use hub_core::{Code, NamespaceName};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};
use sha2::Digest as _;

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::error::AccountError;
use crate::namespace::Namespace;
use crate::store::profiles;

/// The side of a picture that is kept, in pixels: twice what the largest place on a page shows.
const SIDE: u32 = 256;
/// The longest side of a picture that is read, and the memory that it may claim while it is.
const SIDE_MAX: u32 = 10_000;
const DECODED_MAX: u64 = 256 * 1024 * 1024;
const JPEG_QUALITY: u8 = 88;

/// The kept picture of somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// `image/jpeg` or, where something of it is transparent, `image/png`.
    pub media_type: String,
    /// Changes with the bytes.
    pub etag: String,
    /// The file, a square of at most 256 by 256 pixels.
    pub bytes: Vec<u8>,
}

/// Why a file is not taken as a picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// More bytes than [`Picture::BYTES_MAX`].
    #[error("the file is larger than {} MB; send a smaller picture", Picture::BYTES_MAX / 1_000_000)]
    TooLarge,
    /// None of the formats that are read, or damaged.
    #[error("the file is not a picture that can be read; send a PNG, JPEG, WebP or GIF file")]
    Unreadable,
    /// Too many pixels.
    #[error("the picture has too many pixels; send one of at most 10,000 by 10,000")]
    TooManyPixels,
    /// Others' pictures are being drawn.
    #[error("several pictures are being read at this moment; try again in a few seconds")]
    Busy,
}

impl PictureError {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::TooLarge => Code::TooLarge,
            Self::Unreadable | Self::TooManyPixels => Code::Unprocessable,
            Self::Busy => Code::TooManyRequests,
        }
    }
}

impl Picture {
    /// The largest file that is taken.
    pub const BYTES_MAX: usize = 10_000_000;

    /// Draws what was sent anew. Takes a while: not for a thread that serves others.
    fn draw(sent: &[u8]) -> Result<Self, PictureError> {
        if sent.len() > Self::BYTES_MAX {
            return Err(PictureError::TooLarge);
        }
        let unreadable = |_| PictureError::Unreadable;
        let mut reader =
            ImageReader::new(Cursor::new(sent)).with_guessed_format().map_err(|_| PictureError::Unreadable)?;
        let mut limits = Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(SIDE_MAX), Some(SIDE_MAX));
        limits.max_alloc = Some(DECODED_MAX);
        reader.limits(limits);
        let refused = |error| match error {
            image::ImageError::Limits(_) => PictureError::TooManyPixels,
            _ => PictureError::Unreadable,
        };
        let mut decoder = reader.into_decoder().map_err(refused)?;
        let orientation = decoder.orientation().map_err(unreadable)?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(refused)?;
        image.apply_orientation(orientation);
        let side = image.width().min(image.height());
        if side == 0 {
            return Err(PictureError::Unreadable);
        }
        let (left, top) = ((image.width() - side) / 2, (image.height() - side) / 2);
        let small =
            image.crop_imm(left, top, side, side).resize_exact(SIDE.min(side), SIDE.min(side), FilterType::Triangle);
        let is_opaque = small.to_rgba8().pixels().all(|pixel| pixel.0[3] == u8::MAX);
        let mut bytes = Vec::new();
        let media_type = if is_opaque {
            small
                .to_rgb8()
                .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))
                .map_err(unreadable)?;
            "image/jpeg"
        } else {
            small.to_rgba8().write_with_encoder(PngEncoder::new(&mut bytes)).map_err(unreadable)?;
            "image/png"
        };
        let etag = hex::encode(&sha2::Sha256::digest(&bytes)[..16]);
        Ok(Self { media_type: media_type.to_owned(), etag, bytes })
    }
}

impl Accounts {
    /// The picture of whoever bears `name`, if they sent one.
    pub async fn picture(&self, name: &NamespaceName) -> Result<Option<Picture>, AccountError> {
        Ok(profiles::picture(&self.inner.db, &name.key()).await?)
    }

    /// Replaces the picture of a person or an organisation by what `sent` shows.
    pub async fn set_picture(&self, by: By<'_>, of: &Namespace, sent: Vec<u8>) -> Result<(), AccountError> {
        by.governs(of)?;
        let turn = self.inner.pictures.clone().try_acquire_owned().map_err(|_| PictureError::Busy)?;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            Picture::draw(&sent)
        });
        let picture = task.await.map_err(|_| AccountError::CutOff)??;
        let mut tx = self.inner.db.begin().await?;
        profiles::put_picture(&mut tx, of.id, &picture).await?;
        self.record(&mut tx, by, of.act("profile.picture")).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the picture away; the letter on a colour is back.
    pub async fn remove_picture(&self, by: By<'_>, of: &Namespace) -> Result<(), AccountError> {
        by.governs(of)?;
        let mut tx = self.inner.db.begin().await?;
        if profiles::delete_picture(&mut tx, of.id).await? {
            self.record(&mut tx, by, Act { detail: "removed", ..of.act("profile.picture") }).await?;
        }
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests;
