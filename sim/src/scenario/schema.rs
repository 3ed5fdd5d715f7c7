//! Owns the JSON schema of scenario files, for editors.

use media_core::{
    MediaKind,
    signalling::{Mode, Refusal},
};
use schemars::{
    Schema, SchemaGenerator,
    generate::SchemaSettings,
    json_schema,
    transform::{Transform, transform_subschemas},
};
use serde::Serialize;
use serde_json::Value;

use super::file::ScenarioFile;

/// Every refusal that an expectation can name.
const REFUSALS: [Refusal; 30] = [
    Refusal::NoLicence,
    Refusal::LicenceExpired,
    Refusal::LicenceInUse,
    Refusal::AllLicencesInUse,
    Refusal::InvalidLink,
    Refusal::ConferenceFull,
    Refusal::ConferenceLocked,
    Refusal::LobbyFull,
    Refusal::EncryptionRequired,
    Refusal::UnknownSuite,
    Refusal::OtherSuite,
    Refusal::AlreadyIn,
    Refusal::NotIn,
    Refusal::NotHost,
    Refusal::NotModerator,
    Refusal::NotLicenceHolder,
    Refusal::NoSuchParticipant,
    Refusal::NoSuchInvitation,
    Refusal::TooManyInvitations,
    Refusal::TooManyRequests,
    Refusal::BadName,
    Refusal::BadTracks,
    Refusal::BadKeyPackage,
    Refusal::NotInGroup,
    Refusal::StaleCommit,
    Refusal::BadCommit,
    Refusal::NoSuchTrack,
    Refusal::NotInPresenterMode,
    Refusal::NotApplicable,
    Refusal::ShuttingDown,
];

/// The JSON schema of scenario files, as `fixtures/scenario.schema.json` holds it.
///
/// # Panics
/// Never: a schema is JSON.
pub fn scenario_schema_json() -> String {
    let settings = SchemaSettings::draft2020_12().with_transform(WithoutNull);
    let schema = settings.into_generator().into_root_schema_for::<ScenarioFile>();
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}

/// Schema of [`Mode`].
pub(super) fn mode(_: &mut SchemaGenerator) -> Schema {
    one_of(&[Mode::Discussion, Mode::Presenter])
}

/// Schema of [`MediaKind`].
pub(super) fn media(_: &mut SchemaGenerator) -> Schema {
    one_of(&MediaKind::ALL)
}

/// Schema of a list of [`MediaKind`].
pub(super) fn media_list(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "items": media(generator) })
}

/// Schema of [`Refusal`].
pub(super) fn refusal(_: &mut SchemaGenerator) -> Schema {
    one_of(&REFUSALS)
}

fn one_of<T: Serialize>(values: &[T]) -> Schema {
    json_schema!({ "type": "string", "enum": values })
}

/// Takes `null` out of optional fields: TOML has no such value, a field that is not wanted is left out.
#[derive(Clone, Copy, Debug)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if object.get("default").is_some_and(Value::is_null) {
            object.remove("default");
        }
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [single] = types.as_slice() {
                let single = single.clone();
                object.insert("type".to_owned(), single);
            }
        }
        if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
            choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
            if let [Value::Object(single)] = choices.as_slice() {
                let single = single.clone();
                object.remove("anyOf");
                object.extend(single);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_in_the_schema() {
        // Serde lists every variant when it meets one that it does not know.
        let error = serde_json::from_str::<Refusal>("\"?\"").unwrap_err().to_string();
        let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        let listed: Vec<String> =
            REFUSALS.iter().map(|refusal| serde_json::to_string(refusal).unwrap().replace('"', "")).collect();
        assert_eq!(listed, known);
    }
}
