//! Owns the targets of signalling messages, in both directions: what decodes has one form, and that form decodes to the
//! same.

use std::fmt::Debug;

use media_core::{
    DropReason,
    limits::SIGNAL_BYTES_MAX,
    signalling::{ClientMessage, ServerMessage},
};

use super::{Verdict, require};

pub(super) fn examine_client(bytes: &[u8]) -> Verdict {
    let decoded = ClientMessage::decode(bytes);
    require(bytes.len() <= SIGNAL_BYTES_MAX || decoded == Err(DropReason::Oversized), || {
        format!("{} bytes were read", bytes.len())
    })?;
    // Fields that may be left out stand in the written form, which can be too long where what was read was not.
    survives_the_wire(ClientMessage::decode, ClientMessage::encode, bytes)
}

pub(super) fn examine_server(bytes: &[u8]) -> Verdict {
    survives_the_wire(ServerMessage::decode, ServerMessage::encode, bytes)
}

fn survives_the_wire<T: Debug + PartialEq>(
    decode: impl Fn(&[u8]) -> Result<T, DropReason>,
    encode: impl Fn(&T) -> Vec<u8>,
    bytes: &[u8],
) -> Verdict {
    let Ok(message) = decode(bytes) else { return Ok(()) };
    let written = encode(&message);
    match decode(&written) {
        Err(DropReason::Oversized) => Ok(()),
        again => require(again.as_ref() == Ok(&message), || format!("{message:?} became {again:?}")),
    }
}

#[cfg(test)]
mod tests {
    use media_core::signalling::Request;

    use super::*;

    const LEAVE: &[u8] = br#"{"request":7,"body":"leave"}"#;

    #[test]
    fn the_real_forms_pass() {
        assert_eq!(examine_client(LEAVE), Ok(()));
        assert_eq!(examine_client(&vec![b' '; SIGNAL_BYTES_MAX + 1]), Ok(()));
        assert_eq!(examine_server(br#"{"done":{"request":7}}"#), Ok(()));
    }

    #[test]
    fn a_writer_that_changes_a_message_is_found() {
        let lost = |_: &ClientMessage| ClientMessage { request: 8, body: Request::Leave }.encode();
        assert!(survives_the_wire(ClientMessage::decode, lost, LEAVE).is_err());
        assert!(survives_the_wire(ClientMessage::decode, |_| Vec::new(), LEAVE).is_err());
    }
}
