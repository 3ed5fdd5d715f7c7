//! Owns the target of dependency descriptors: several packets of one stream, each read with the structure that earlier
//! ones brought.

use media_core::{
    Ssrc, limits,
    rtp::{
        DependencyDescriptor, DependencyStructure, FrameReader, RtpHeader, RtpView, dependency::Parsed,
        ext::DEPENDENCY_DESCRIPTOR,
    },
};

use super::{Verdict, input::Input, require};

/// What is done with a descriptor that was read, before it is compared with itself.
type Rewrite = fn(&DependencyDescriptor, &DependencyStructure, bool, &mut Vec<u8>);

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    examine_writer(DependencyDescriptor::write, bytes)
}

fn examine_writer(write: Rewrite, bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let mut reader = FrameReader::new();
    while !input.is_empty() {
        let data = input.run();
        if data.len() > limits::EXTENSION_BYTES_MAX {
            continue;
        }
        let parsed = DependencyDescriptor::parse(data, reader.structure());
        if let Ok(parsed) = &parsed {
            survives_the_wire(write, parsed, reader.structure())?;
        }
        let before = reader.structure().cloned();
        let mut packet = Vec::new();
        RtpHeader {
            ssrc: Ssrc(7),
            sequence: 1,
            timestamp: 2,
            payload_type: 96,
            marker: false,
            extensions: &[(DEPENDENCY_DESCRIPTOR, data)],
        }
        .write(b"x", &mut packet);
        let view = RtpView::parse(&packet).map_err(|reason| format!("a written packet: {reason:?}"))?;
        match (reader.frame_meta(&view), &parsed) {
            (Ok(Some(frame)), Ok(parsed)) => {
                require(frame.number == parsed.descriptor.frame_number, || "another frame's number".into())?;
                require(frame.spatial <= 3 && frame.temporal <= 7, || {
                    format!("impossible layer: {frame:?}")
                })?;
                let kept = reader.structure();
                require(kept == before.as_ref() || kept == parsed.new_structure.as_ref(), || {
                    "the kept structure is neither the old nor the new one".to_owned()
                })?;
            }
            (Err(_), Err(_)) => {
                require(reader.structure() == before.as_ref(), || {
                    "a refused packet left a trace".to_owned()
                })?;
            }
            (meta, parsed) => return Err(format!("one reader says {meta:?}, the other {parsed:?}")),
        }
        require(reader.structure().is_none_or(is_bounded), || "a structure beyond its limits".to_owned())?;
    }
    Ok(())
}

fn is_bounded(structure: &DependencyStructure) -> bool {
    structure.templates().len() <= limits::TEMPLATES_MAX
        && usize::from(structure.decode_targets()) <= limits::DECODE_TARGETS_MAX
        && structure.chains() <= structure.decode_targets()
}

fn survives_the_wire(write: Rewrite, parsed: &Parsed, kept: Option<&DependencyStructure>) -> Verdict {
    let structure = parsed.new_structure.as_ref().or(kept).ok_or("read without any structure")?;
    let mut written = Vec::new();
    write(&parsed.descriptor, structure, parsed.new_structure.is_some(), &mut written);
    let again = DependencyDescriptor::parse(&written, kept);
    require(again.as_ref() == Ok(parsed), || format!("{parsed:?} became {again:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_frame() -> Vec<u8> {
        let structure = DependencyStructure::simulcast_l1t3(640, 360);
        let descriptor = DependencyDescriptor::of_template(&structure, 0, 9, true, true).unwrap();
        let mut data = Vec::new();
        descriptor.write(&structure, true, &mut data);
        let mut script = vec![data.len() as u8];
        script.append(&mut data);
        script
    }

    #[test]
    fn the_real_writer_passes() {
        assert_eq!(examine(&key_frame()), Ok(()));
    }

    #[test]
    fn a_writer_that_forgets_the_structure_is_found() {
        let forgetful: Rewrite = |descriptor, structure, _, out| descriptor.write(structure, false, out);
        assert!(examine_writer(forgetful, &key_frame()).is_err());
    }
}
