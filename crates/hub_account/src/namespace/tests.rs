//! Ids on the wire.

use super::*;

#[test]
fn an_id_survives_the_wire_and_nothing_else_is_one() {
    let id = NamespaceId::new(0x1f_ffff_ffff_ffff);
    assert_eq!(id.to_string(), "00000000001fffffffffffff");
    assert_eq!(id.to_string().parse(), Ok(id));
    let refuse = |text: &str| assert_eq!(text.parse::<NamespaceId>(), Err(IdParseError), "{text:?}");
    refuse("");
    refuse("1");
    refuse("000000000000000000000000");
    refuse("ffffffffffffffffffffffff");
    refuse("00000000000000000000000G");
    refuse("0000000000000000000000+1");
    refuse("00000000000000000000000A");
}
