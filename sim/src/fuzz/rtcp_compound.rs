//! Owns the target of RTCP: what a compound says is bounded, and each thing that there is a writer for reads the same
//! again after it was written.

use std::collections::BTreeSet;

use media_core::{
    DropReason, Ssrc,
    limits::{DATAGRAM_BYTES_MAX, NACK_ENTRIES_MAX, RTCP_PACKETS_MAX},
    rtp::rtcp::{self, Feedback, ReportBlock},
};

use super::{Verdict, require};

/// One thing that a compound says, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    SenderReport(Ssrc, u64, u32, u32, u32),
    ReceiverReport(Ssrc, ReportBlock),
    Nack(Ssrc, u16),
    PictureLoss(Ssrc),
    FullIntraRequest(Ssrc),
    Arrivals { media: Ssrc, base: u16, reference: i32, count: u8, arrivals: Vec<(u16, Option<i16>)> },
    Remb(u64, Vec<Ssrc>),
    Goodbye(Ssrc),
}

impl Said {
    fn nack(&self) -> Option<(Ssrc, u16)> {
        if let Self::Nack(media, sequence) = self { Some((*media, *sequence)) } else { None }
    }
}

/// A reader of compounds: what is said, and whether all of it could be read.
type Read = fn(&[u8]) -> (Vec<Said>, Result<(), DropReason>);

/// Things one compound can say at most: every packet a full list of losses.
const SAID_MAX: usize = RTCP_PACKETS_MAX * NACK_ENTRIES_MAX;

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    examine_reader(read, bytes)
}

fn examine_reader(read: Read, bytes: &[u8]) -> Verdict {
    let (said, outcome) = read(bytes);
    if bytes.len() > DATAGRAM_BYTES_MAX {
        return require(said.is_empty() && outcome == Err(DropReason::Oversized), || {
            format!("{} bytes were read: {outcome:?}", bytes.len())
        });
    }
    require(said.len() <= SAID_MAX, || format!("{} things in one compound", said.len()))?;
    for thing in &said {
        let mut written = Vec::new();
        let Some(expected) = write(thing, &mut written) else { continue };
        let (again, outcome) = read(&written);
        require(outcome.is_ok() && again == [expected], || {
            format!("{thing:?} became {again:?}, {outcome:?}")
        })?;
    }
    lost_together(read, &said)
}

/// A list of losses is written in as few words as it takes, so its order is not kept.
fn lost_together(read: Read, said: &[Said]) -> Verdict {
    let nacks = said.iter().filter_map(Said::nack);
    let nacks: Vec<(Ssrc, u16)> = nacks.take(NACK_ENTRIES_MAX).collect();
    let Some((media, _)) = nacks.first().copied() else { return Ok(()) };
    let lost: Vec<u16> = nacks.iter().filter(|(of, _)| *of == media).map(|(_, sequence)| *sequence).collect();
    let mut written = Vec::new();
    rtcp::write_nack(Ssrc(5), media, &lost, &mut written);
    let again = read(&written).0;
    let again = again.iter().filter_map(Said::nack).filter(|(of, _)| *of == media);
    let again: BTreeSet<u16> = again.map(|(_, sequence)| sequence).collect();
    require(again == lost.iter().copied().collect(), || format!("losses {lost:?} became {again:?}"))
}

fn read(bytes: &[u8]) -> (Vec<Said>, Result<(), DropReason>) {
    let mut said = Vec::new();
    let outcome = rtcp::read(bytes, |feedback| {
        said.push(match feedback {
            Feedback::SenderReport { ssrc, ntp, rtp_timestamp, packets, octets } => {
                Said::SenderReport(ssrc, ntp, rtp_timestamp, packets, octets)
            }
            Feedback::ReceiverReport { sender, block } => Said::ReceiverReport(sender, block),
            Feedback::Nack { media, sequence } => Said::Nack(media, sequence),
            Feedback::PictureLoss { media } => Said::PictureLoss(media),
            Feedback::FullIntraRequest { media } => Said::FullIntraRequest(media),
            Feedback::TransportFeedback(feedback) => Said::Arrivals {
                media: feedback.media,
                base: feedback.base_sequence,
                reference: feedback.reference_time,
                count: feedback.feedback_count,
                arrivals: feedback.packets().collect(),
            },
            Feedback::Remb { bitrate_bps, ssrcs } => Said::Remb(bitrate_bps, ssrcs.iter().collect()),
            Feedback::Goodbye { ssrc } => Said::Goodbye(ssrc),
        });
    });
    (said, outcome)
}

/// Writes a thing, and says as what it should be read again; nothing when it cannot be written by itself.
fn write(thing: &Said, out: &mut Vec<u8>) -> Option<Said> {
    let mut expected = thing.clone();
    match thing {
        Said::SenderReport(ssrc, ntp, rtp, packets, octets) => {
            rtcp::write_sender_report(*ssrc, *ntp, *rtp, *packets, *octets, out);
        }
        Said::ReceiverReport(sender, block) => {
            rtcp::write_receiver_report(*sender, std::slice::from_ref(block), out);
        }
        Said::Nack(media, sequence) => {
            rtcp::write_nack(Ssrc(5), *media, &[*sequence], out);
        }
        Said::PictureLoss(media) => rtcp::write_pli(Ssrc(5), *media, out),
        Said::FullIntraRequest(media) => rtcp::write_fir(Ssrc(5), *media, 1, out),
        Said::Arrivals { media, base, reference, count, arrivals } => {
            let times: Vec<Option<i16>> = arrivals.iter().map(|(_, time)| *time).collect();
            let taken = rtcp::write_twcc(Ssrc(5), *media, *base, *reference, *count, &times, out);
            if taken == 0 {
                return None;
            }
            let Said::Arrivals { arrivals, .. } = &mut expected else { return None };
            arrivals.truncate(taken);
        }
        // A rate beyond 64 bits was cut to fit and is not written as it came.
        Said::Remb(u64::MAX, _) => return None,
        Said::Remb(bitrate, ssrcs) => rtcp::write_remb(Ssrc(5), *bitrate, ssrcs, out),
        Said::Goodbye(ssrc) => rtcp::write_bye(&[*ssrc], out),
    }
    Some(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses() -> Vec<u8> {
        let mut compound = Vec::new();
        rtcp::write_nack(Ssrc(1), Ssrc(2), &[7, 9, 300], &mut compound);
        compound
    }

    #[test]
    fn the_real_reader_passes() {
        assert_eq!(examine(&losses()), Ok(()));
        assert_eq!(examine(&[0x80; 1_300]), Ok(()));
    }

    #[test]
    fn a_reader_that_changes_what_it_reads_is_found() {
        let off_by_one: Read = |bytes| {
            let (mut said, outcome) = read(bytes);
            for thing in &mut said {
                if let Said::Nack(_, sequence) = thing {
                    *sequence = sequence.wrapping_add(1);
                }
            }
            (said, outcome)
        };
        assert!(examine_reader(off_by_one, &losses()).is_err());
    }

    #[test]
    fn a_reader_without_a_limit_is_found() {
        let endless: Read = |bytes| {
            let (said, outcome) = read(bytes);
            (said.into_iter().cycle().take(SAID_MAX + 1).collect(), outcome)
        };
        assert!(examine_reader(endless, &losses()).is_err());
        assert!(examine_reader(|bytes| (read(bytes).0, Ok(())), &[0x80; 1_300]).is_err());
    }
}
