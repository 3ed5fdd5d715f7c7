//! Owns the figures that a class of quality is judged by: the worst that anybody of a building experienced.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The worst that anybody of the building experienced in one run, or in several.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Experience {
    /// Whether everybody was in before the time that is judged.
    pub inside: bool,
    /// Lowest mean opinion score of what somebody heard, 1.0 to 4.5, over their whole stay.
    pub mos: f64,
    /// Highest share of what somebody heard that was concealed, 0 to 1, over their whole stay.
    pub concealment: f64,
    /// Share of what the building's speakers said that was concealed for a listener elsewhere, 0 to 1; absent where nothing
    /// of them was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoken: Option<f64>,
    /// Highest share, 0 to 1, of the time of somebody's pictures in which they stood still, were switched off or had not
    /// come, once settled; absent where nobody asked for pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<f64>,
    /// The same for the building's cameras, as a viewer elsewhere has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<f64>,
}

impl Experience {
    /// Of both the worse, figure by figure.
    #[must_use]
    pub fn worse_of(self, other: Self) -> Self {
        let worse = |one: Option<f64>, other: Option<f64>| one.zip(other).map(|(one, other)| one.max(other));
        Self {
            inside: self.inside && other.inside,
            mos: self.mos.min(other.mos),
            concealment: self.concealment.max(other.concealment),
            spoken: worse(self.spoken, other.spoken),
            missing: worse(self.missing, other.missing),
            unseen: worse(self.unseen, other.unseen),
        }
    }
}
