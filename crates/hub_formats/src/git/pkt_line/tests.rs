use super::*;

fn read(input: &[u8]) -> Vec<Result<Packet<'_>, PktLineError>> {
    packets(input).collect()
}

#[test]
fn each_kind_of_packet_is_read() {
    let input = b"0006a\n0001000bfoobar\n000200040000";
    let expect = [
        Ok(Packet::Data(b"a\n")),
        Ok(Packet::Delimiter),
        Ok(Packet::Data(b"foobar\n")),
        Ok(Packet::ResponseEnd),
        Ok(Packet::Data(b"")),
        Ok(Packet::Flush),
    ];
    assert_eq!(read(input), expect);
    assert_eq!(Packet::Data(b"a\n").line(), Some(&b"a"[..]));
    assert_eq!(Packet::Data(b"a").line(), Some(&b"a"[..]));
    assert_eq!(Packet::Flush.line(), None);
}

#[test]
fn what_was_written_is_read_and_what_follows_is_left() {
    let mut out = Vec::new();
    push_line(&mut out, "want x");
    push_delimiter(&mut out);
    push_data(&mut out, &[0, 255]);
    push_flush(&mut out);
    out.extend_from_slice(b"PACK");
    let mut walk = packets(&out);
    let read: Vec<_> = walk.by_ref().take(4).collect();
    let expect = [Packet::Data(b"want x\n"), Packet::Delimiter, Packet::Data(&[0, 255]), Packet::Flush]
        .map(Ok::<_, PktLineError>);
    assert_eq!(read, expect);
    assert_eq!(walk.rest(), b"PACK");
}

#[test]
fn wrong_lengths_are_refused() {
    for input in [&b"0003"[..], b"fff1", b"ffff", b"00g4", b"-004", b"zz", b"PACK", b"+"] {
        assert_eq!(read(input), [Err(PktLineError::BadLength)], "{input:?}");
    }
    assert_eq!(
        split(&[b"fff0".as_slice(), &vec![7; PAYLOAD_MAX]].concat()).map(|packet| packet.whole().is_some()),
        Ok(true)
    );
}

#[test]
fn every_prefix_says_how_much_is_missing() {
    let whole = b"000bfoobar\n";
    for end in 0..whole.len() {
        let needed = if end < 4 { 4 } else { 11 };
        assert_eq!(split(&whole[..end]), Ok(FromPrefix::Incomplete { needed }), "{end}");
        if end > 0 {
            assert_eq!(read(&whole[..end]), [Err(PktLineError::Truncated)]);
        }
    }
}

#[test]
fn long_bytes_take_several_packets_of_the_side_band() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    for (band, packets_expected) in [(SideBand::Wide, 4), (SideBand::Narrow, 202)] {
        let mut out = Vec::new();
        band.push(&mut out, Band::Data, &bytes);
        let mut back = Vec::new();
        let mut count = 0;
        for packet in packets(&out) {
            let Ok(Packet::Data([1, rest @ ..])) = packet else { panic!("{packet:?}") };
            back.extend_from_slice(rest);
            count += 1;
        }
        assert_eq!((back == bytes, count), (true, packets_expected));
    }
    let mut out = Vec::new();
    push_line(&mut out, &"x".repeat(70_000));
    assert_eq!(read(&out).len(), 1);
}
