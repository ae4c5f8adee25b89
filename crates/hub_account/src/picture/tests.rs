use image::{Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

fn png(image: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
    bytes
}

fn size(picture: &Picture) -> (u32, u32) {
    let image = image::load_from_memory(&picture.bytes).unwrap();
    (image.width(), image.height())
}

#[test]
fn pictures_become_small_squares() {
    let wide = png(&DynamicImage::ImageRgb8(RgbImage::from_pixel(900, 400, Rgb([200, 10, 10]))));
    let drawn = Picture::draw(&wide).unwrap();
    assert_eq!((drawn.media_type.as_str(), size(&drawn)), ("image/jpeg", (256, 256)));
    let tiny = png(&DynamicImage::ImageRgba8(RgbaImage::from_pixel(20, 30, Rgba([0, 0, 0, 0]))));
    let drawn = Picture::draw(&tiny).unwrap();
    assert_eq!((drawn.media_type.as_str(), size(&drawn)), ("image/png", (20, 20)));
}

#[test]
fn what_else_a_photograph_holds_is_left_behind() {
    let mut jpeg = Vec::new();
    let red = RgbImage::from_pixel(64, 32, Rgb([200, 10, 10]));
    red.write_with_encoder(JpegEncoder::new(&mut jpeg)).unwrap();
    // An APP1 segment after the start of the file, with a text where Exif would stand.
    let secret = b"Exif\0\0MM\0*\0\0\0\x08\0\0 latitude 52.52";
    let length = u16::try_from(secret.len() + 2).unwrap().to_be_bytes();
    let segment = [&[0xFF, 0xE1], &length[..], &secret[..]].concat();
    jpeg.splice(2..2, segment);
    let drawn = Picture::draw(&jpeg).unwrap();
    assert!(!drawn.bytes.windows(8).any(|window| window == b"latitude"));
    assert_eq!(size(&drawn), (32, 32));
}

#[test]
fn other_files_and_huge_pictures_are_refused() {
    for sent in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n", b"GIF89a"] {
        assert!(matches!(Picture::draw(sent), Err(PictureError::Unreadable)), "{sent:?}");
    }
    assert!(matches!(Picture::draw(&vec![0; Picture::BYTES_MAX + 1]), Err(PictureError::TooLarge)));
    // The header of a picture of 60,000 by 60,000 pixels: nothing of it is unfolded.
    let mut bomb = png(&DynamicImage::ImageRgb8(RgbImage::new(1, 1)));
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let checksum = crc(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    assert!(matches!(Picture::draw(&bomb), Err(PictureError::TooManyPixels)));
}

/// CRC-32 as PNG has it (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}
