//! Owns the template dependency structure: the part of the dependency descriptor that is sent once and kept (AV1
//! RTP specification, A.8.1 `template_dependency_structure`).

use super::{
    bits::{BitReader, BitWriter},
    template::{ChainDiffs, FrameDiffs, Indication, Indications, Template},
};
use crate::{DropReason, limits};

/// Spatial layers that a structure may have: AV1's spatial identifier has two bits (AV1 specification 5.3.3).
const SPATIAL_LAYERS_MAX: usize = 4;
/// AV1's temporal identifier has three bits (AV1 specification 5.3.3).
const TEMPORAL_LAYER_LAST: u8 = 7;
/// What follows a template in the list of layers (table A.3).
const SAME_LAYER: u32 = 0;
const NEXT_TEMPORAL_LAYER: u32 = 1;
const NEXT_SPATIAL_LAYER: u32 = 2;
const NO_MORE_TEMPLATES: u32 = 3;

/// The templates that frames refer to. It holds as many as there are, not the 64 that there may be, because one is
/// kept for every encoding of everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyStructure {
    id_offset: u8,
    decode_targets: u8,
    chains: u8,
    templates: Box<[Template]>,
    /// The highest spatial and temporal layer of each decode target.
    target_layers: [(u8, u8); limits::DECODE_TARGETS_MAX],
    /// The chain that protects each decode target.
    protected_by: [u8; limits::DECODE_TARGETS_MAX],
    /// Width and height of each spatial layer, less one.
    resolutions: Option<[(u16, u16); SPATIAL_LAYERS_MAX]>,
}

impl DependencyStructure {
    /// One spatial and two temporal layers of a picture of this size, as libwebrtc describes L1T2: templates 0 for
    /// key frames, 1 for the base layer (which refers 2 frames back) and 2 for the upper layer (1 frame back).
    ///
    /// # Panics
    /// When width or height is 0.
    pub fn simulcast_l1t2(width: u16, height: u16) -> Self {
        let template = |temporal, indications: [Indication; 2], diffs: &[u16], chain| Template {
            spatial: 0,
            temporal,
            indications: Indications::of(&indications),
            frame_diffs: FrameDiffs::of(diffs).expect("one difference in range"),
            chain_diffs: ChainDiffs::of(&[chain]),
        };
        Self::one_chain(
            2,
            width,
            height,
            &[
                template(0, [Indication::Switch, Indication::Switch], &[], 0),
                template(0, [Indication::Switch, Indication::Switch], &[2], 2),
                template(1, [Indication::NotPresent, Indication::Discardable], &[1], 1),
            ],
        )
    }

    /// One spatial and three temporal layers (0, 2, 1, 2) of a picture of this size. Templates: 0 key frame, 1 layer 0,
    /// 2 layer 1, 3 layer 2 after layer 0, 4 layer 2 after layer 1.
    ///
    /// # Panics
    /// When a dimension is 0.
    pub fn simulcast_l1t3(width: u16, height: u16) -> Self {
        use Indication::{Discardable, NotPresent, Switch};
        let template = |temporal, indications: [Indication; 3], diffs: &[u16], chain| Template {
            spatial: 0,
            temporal,
            indications: Indications::of(&indications),
            frame_diffs: FrameDiffs::of(diffs).expect("one difference in range"),
            chain_diffs: ChainDiffs::of(&[chain]),
        };
        Self::one_chain(
            3,
            width,
            height,
            &[
                template(0, [Switch, Switch, Switch], &[], 0),
                template(0, [Switch, Switch, Switch], &[4], 4),
                template(1, [NotPresent, Discardable, Switch], &[2], 2),
                template(2, [NotPresent, NotPresent, Discardable], &[1], 1),
                template(2, [NotPresent, NotPresent, Discardable], &[1], 3),
            ],
        )
    }

    /// One spatial and one temporal layer of a picture of this size: template 0 for key frames, 1 for frames that
    /// refer to the one before.
    ///
    /// # Panics
    /// When width or height is 0.
    pub fn l1t1(width: u16, height: u16) -> Self {
        let template = |diffs: &[u16], chain| Template {
            spatial: 0,
            temporal: 0,
            indications: Indications::of(&[Indication::Switch]),
            frame_diffs: FrameDiffs::of(diffs).expect("one difference in range"),
            chain_diffs: ChainDiffs::of(&[chain]),
        };
        Self::one_chain(1, width, height, &[template(&[], 0), template(&[1], 1)])
    }

    /// The same with another identifier for template 0, `0..=63`. A structure that differs from the one before it
    /// needs identifiers that do not overlap (A.8.2, `template_id_offset`).
    #[must_use]
    pub fn with_id_offset(mut self, id_offset: u8) -> Self {
        self.id_offset = id_offset % limits::TEMPLATES_MAX as u8;
        self
    }

    /// The identifier of template 0, `0..=63`.
    pub const fn id_offset(&self) -> u8 {
        self.id_offset
    }

    /// The templates in their order.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The template that a descriptor names by its identifier.
    pub fn template(&self, id: u8) -> Option<&Template> {
        let index = usize::from(id.wrapping_sub(self.id_offset)) % limits::TEMPLATES_MAX;
        self.templates().get(index)
    }

    /// How many decode targets there are, `1..=32`.
    pub const fn decode_targets(&self) -> u8 {
        self.decode_targets
    }

    /// How many chains there are, `0..=32`.
    pub const fn chains(&self) -> u8 {
        self.chains
    }

    /// The chain that protects a decode target; `None` without chains or such a decode target.
    pub fn protecting_chain(&self, target: u8) -> Option<u8> {
        (self.chains > 0 && target < self.decode_targets).then(|| self.protected_by[usize::from(target)])
    }

    /// The highest spatial and temporal layer of each decode target (A.8.1, `decode_target_layers`).
    pub fn decode_target_layers(&self) -> &[(u8, u8)] {
        &self.target_layers[..usize::from(self.decode_targets)]
    }

    /// Largest picture of a spatial layer in pixels, if the structure says it.
    pub fn resolution(&self, spatial: u8) -> Option<(u32, u32)> {
        let (width, height) = *self.resolutions?.get(usize::from(spatial))?;
        (spatial <= self.last_spatial()).then_some((u32::from(width) + 1, u32::from(height) + 1))
    }

    fn one_chain(decode_targets: u8, width: u16, height: u16, templates: &[Template]) -> Self {
        assert!(width > 0 && height > 0, "a picture has a size");
        let mut structure = Self::empty();
        structure.decode_targets = decode_targets;
        structure.chains = 1;
        structure.templates = templates.into();
        structure.derive_target_layers();
        let mut resolutions = [(0, 0); SPATIAL_LAYERS_MAX];
        resolutions[0] = (width - 1, height - 1);
        structure.resolutions = Some(resolutions);
        structure
    }

    fn empty() -> Self {
        Self {
            id_offset: 0,
            decode_targets: 1,
            chains: 0,
            templates: Box::default(),
            target_layers: [(0, 0); limits::DECODE_TARGETS_MAX],
            protected_by: [0; limits::DECODE_TARGETS_MAX],
            resolutions: None,
        }
    }

    fn derive_target_layers(&mut self) {
        for (target, layer) in self.target_layers.iter_mut().enumerate() {
            let present = |template: &&Template| template.indications.get(target) != Indication::NotPresent;
            let present = || self.templates.iter().filter(present);
            let spatial = present().map(|template| template.spatial).max();
            let temporal = present().map(|template| template.temporal).max();
            *layer = (spatial.unwrap_or(0), temporal.unwrap_or(0));
        }
    }

    /// Templates are in the order of their spatial layers.
    fn last_spatial(&self) -> u8 {
        self.templates().last().map_or(0, |template| template.spatial)
    }
}

/// Reading, in the order of the wire.
impl DependencyStructure {
    pub(super) fn read(reader: &mut BitReader<'_>) -> Result<Self, DropReason> {
        let mut structure = Self::empty();
        structure.id_offset = reader.bits(6)? as u8;
        structure.decode_targets = reader.bits(5)? as u8 + 1;
        structure.templates = read_layers(reader)?.into();
        let targets = usize::from(structure.decode_targets);
        for template in &mut structure.templates {
            template.indications = read_indications(reader, targets)?;
        }
        for template in &mut structure.templates {
            while reader.flag()? {
                let diff = reader.bits(4)? as u16 + 1;
                if !template.frame_diffs.push(diff) {
                    return Err(DropReason::BadExtension);
                }
            }
        }
        structure.derive_target_layers();
        structure.read_chains(reader)?;
        if reader.flag()? {
            let mut resolutions = [(0, 0); SPATIAL_LAYERS_MAX];
            for resolution in &mut resolutions[..=usize::from(structure.last_spatial())] {
                *resolution = (reader.bits(16)? as u16, reader.bits(16)? as u16);
            }
            structure.resolutions = Some(resolutions);
        }
        Ok(structure)
    }

    fn read_chains(&mut self, reader: &mut BitReader<'_>) -> Result<(), DropReason> {
        self.chains = reader.non_symmetric(u32::from(self.decode_targets) + 1)? as u8;
        if self.chains == 0 {
            return Ok(());
        }
        for target in 0..usize::from(self.decode_targets) {
            self.protected_by[target] = reader.non_symmetric(u32::from(self.chains))? as u8;
        }
        let chains = self.chains;
        for template in &mut self.templates {
            for _ in 0..chains {
                template.chain_diffs.push(reader.bits(4)? as u8);
            }
        }
        Ok(())
    }
}

/// Writing, in the order of the wire.
impl DependencyStructure {
    pub(super) fn write(&self, writer: &mut BitWriter<'_>) {
        writer.bits(u32::from(self.id_offset), 6);
        writer.bits(u32::from(self.decode_targets) - 1, 5);
        for pair in self.templates().windows(2) {
            writer.bits(
                match (pair[1].spatial == pair[0].spatial, pair[1].temporal == pair[0].temporal) {
                    (true, true) => SAME_LAYER,
                    (true, false) => NEXT_TEMPORAL_LAYER,
                    (false, _) => NEXT_SPATIAL_LAYER,
                },
                2,
            );
        }
        writer.bits(NO_MORE_TEMPLATES, 2);
        for template in self.templates() {
            write_indications(writer, template.indications, usize::from(self.decode_targets));
        }
        for template in self.templates() {
            for diff in template.frame_diffs.as_slice() {
                writer.flag(true);
                writer.bits(u32::from(*diff) - 1, 4);
            }
            writer.flag(false);
        }
        self.write_chains(writer);
        writer.flag(self.resolutions.is_some());
        for (width, height) in self.resolutions.iter().flatten().take(usize::from(self.last_spatial()) + 1) {
            writer.bits(u32::from(*width), 16);
            writer.bits(u32::from(*height), 16);
        }
    }

    fn write_chains(&self, writer: &mut BitWriter<'_>) {
        writer.non_symmetric(u32::from(self.chains), u32::from(self.decode_targets) + 1);
        if self.chains == 0 {
            return;
        }
        for chain in &self.protected_by[..usize::from(self.decode_targets)] {
            writer.non_symmetric(u32::from(*chain), u32::from(self.chains));
        }
        for diff in self.templates().iter().flat_map(|template| template.chain_diffs.as_slice()) {
            writer.bits(u32::from(*diff), 4);
        }
    }
}

/// One template for each entry of the list, with its layer only.
fn read_layers(reader: &mut BitReader<'_>) -> Result<Vec<Template>, DropReason> {
    let mut templates = Vec::new();
    let mut next = Template::default();
    loop {
        let layers = usize::from(next.spatial) < SPATIAL_LAYERS_MAX && next.temporal <= TEMPORAL_LAYER_LAST;
        if !layers || templates.len() == limits::TEMPLATES_MAX {
            return Err(DropReason::BadExtension);
        }
        templates.push(next);
        match reader.bits(2)? {
            SAME_LAYER => {}
            NEXT_TEMPORAL_LAYER => next.temporal += 1,
            NEXT_SPATIAL_LAYER => (next.spatial, next.temporal) = (next.spatial + 1, 0),
            _ => return Ok(templates),
        }
    }
}

pub(super) fn read_indications(
    reader: &mut BitReader<'_>,
    targets: usize,
) -> Result<Indications, DropReason> {
    let mut indications = Indications::default();
    for target in 0..targets {
        indications.set(target, Indication::from_bits(u64::from(reader.bits(2)?)));
    }
    Ok(indications)
}

pub(super) fn write_indications(writer: &mut BitWriter<'_>, indications: Indications, targets: usize) {
    for target in 0..targets {
        writer.bits(indications.get(target) as u32, 2);
    }
}
