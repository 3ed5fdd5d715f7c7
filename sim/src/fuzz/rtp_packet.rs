//! Owns the target of RTP headers: whatever the reader takes stays inside the packet, and what the writer makes of it
//! reads the same again.

use media_core::{
    DropReason,
    limits::DATAGRAM_BYTES_MAX,
    rtp::{FrameReader, PacketMeta, Protocol, RedView, Redundant, RtpHeader, RtpView, demux, red},
};

use super::{Verdict, require};

/// A reader of RTP headers.
type Parse = for<'a> fn(&'a [u8]) -> Result<RtpView<'a>, DropReason>;

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    examine_reader(|bytes| RtpView::parse(bytes), bytes)
}

fn examine_reader(parse: Parse, bytes: &[u8]) -> Verdict {
    let Ok(view) = parse(bytes) else { return Ok(()) };
    require(bytes.len() <= DATAGRAM_BYTES_MAX, || "an oversized packet was read".to_owned())?;
    require(demux(bytes) != Protocol::Other, || "a packet was read that is no RTP".to_owned())?;
    require(view.packet() == bytes, || "the reader looks at other bytes than it was given".to_owned())?;
    let extensions: Vec<(u8, &[u8])> = view.extensions().collect();
    require(extensions.iter().all(|(id, data)| *id != 0 && data.len() <= 255), || {
        format!("an element that cannot be: {extensions:?}")
    })?;
    let meta = PacketMeta::from_view(&view, None);
    let payload_end = usize::from(meta.payload_offset) + usize::from(meta.payload_len);
    require(payload_end <= bytes.len(), || format!("the payload ends at {payload_end}"))?;
    // A stream's first packet; whether the descriptor is right is another target's question.
    let _ = FrameReader::new().frame_meta(&view);
    redundant_audio_survives_the_wire(&view)?;
    survives_the_wire(parse, &view, &extensions)
}

/// Whatever the payload type says: a payload that reads as redundant audio is what its frames are written as.
fn redundant_audio_survives_the_wire(view: &RtpView<'_>) -> Verdict {
    let block_type = view.payload().first().map_or(0, |first| first & 0x7f);
    let Ok(read) = RedView::parse(view.payload(), block_type) else { return Ok(()) };
    let frames: Vec<_> = read.redundant(view.sequence(), view.timestamp()).collect();
    let offset = |timestamp: u32| view.timestamp().wrapping_sub(timestamp);
    let blocks: Vec<Redundant<'_>> =
        frames.iter().filter_map(|frame| Redundant::new(offset(frame.timestamp), frame.payload)).collect();
    let mut written = Vec::new();
    red::write(&blocks, block_type, read.primary(), &mut written);
    require(written == view.payload(), || format!("{read:?} became {written:?}"))
}

fn survives_the_wire(parse: Parse, view: &RtpView<'_>, extensions: &[(u8, &[u8])]) -> Verdict {
    let header = RtpHeader {
        ssrc: view.ssrc(),
        sequence: view.sequence(),
        timestamp: view.timestamp(),
        payload_type: view.payload_type(),
        marker: view.marker(),
        extensions,
    };
    let mut written = Vec::new();
    header.write(view.payload(), &mut written);
    require(written.len() == header.len() + view.payload().len(), || "the header's length is a lie".into())?;
    // Elements without padding between them are never longer than with it, nor is a header without CSRCs.
    let again = parse(&written).map_err(|reason| format!("what was written is refused: {reason:?}"))?;
    let same = (again.ssrc(), again.sequence(), again.timestamp(), again.payload_type(), again.marker())
        == (view.ssrc(), view.sequence(), view.timestamp(), view.payload_type(), view.marker());
    require(same && again.payload() == view.payload(), || format!("{view:?} became {again:?}"))?;
    require(again.extensions().eq(extensions.iter().copied()), || format!("{extensions:?} changed"))?;
    let mut repaired = Vec::new();
    header.write_retransmission(view.sequence(), view.payload(), &mut repaired);
    if let Ok(again) = parse(&repaired) {
        require(again.retransmitted() == Ok((view.sequence(), view.payload())), || {
            "a retransmission changed".to_owned()
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &[u8] = &[
        0x90, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 1, 0x10, 0x99, 0, 0, b'o', b'p', b'u', b's',
    ];

    #[test]
    fn the_real_reader_passes() {
        assert_eq!(examine(PACKET), Ok(()));
        assert_eq!(examine(b""), Ok(()));
    }

    #[test]
    fn redundant_audio_passes() {
        let payload = [0x80 | 0x6f, 0x0f, 0x00, 0x03, 0x6f, b'a', b'b', b'c', b'd', b'e'];
        assert!(RedView::parse(&payload, 111).is_ok());
        assert_eq!(examine(&[&PACKET[..20], &payload].concat()), Ok(()));
    }

    #[test]
    fn a_reader_that_loses_a_byte_is_found() {
        assert!(examine_reader(|bytes| RtpView::parse(&bytes[..bytes.len() - 1]), PACKET).is_err());
    }

    #[test]
    fn a_reader_that_sees_another_packet_is_found() {
        assert!(examine_reader(|_| RtpView::parse(PACKET), &PACKET[..20]).is_err());
    }
}
