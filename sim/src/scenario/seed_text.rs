//! Owns seeds as files state them: a TOML integer has 63 bits, so a larger seed is a string such as `"0xfeed…"`.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};

/// A seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeedText(pub u64);

impl<'de> Deserialize<'de> for SeedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;

        impl Visitor<'_> for EitherForm {
            type Value = SeedText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a seed from 0, or a string of `0x` and up to 16 hexadecimal digits")
            }

            fn visit_u64<E>(self, seed: u64) -> Result<SeedText, E> {
                Ok(SeedText(seed))
            }

            fn visit_i64<E: serde::de::Error>(self, seed: i64) -> Result<SeedText, E> {
                u64::try_from(seed)
                    .map(SeedText)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(seed), &self))
            }

            fn visit_str<E: serde::de::Error>(self, seed: &str) -> Result<SeedText, E> {
                seed.strip_prefix("0x")
                    .and_then(|digits| u64::from_str_radix(digits, 16).ok())
                    .map(SeedText)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(seed), &self))
            }
        }

        deserializer.deserialize_any(EitherForm)
    }
}

impl Serialize for SeedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(seed) => serializer.serialize_i64(seed),
            Err(_) => serializer.collect_str(&format_args!("{:#018x}", self.0)),
        }
    }
}

impl JsonSchema for SeedText {
    fn schema_name() -> Cow<'static, str> {
        "Seed".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 0,
            "maximum": i64::MAX,
            "pattern": "^0x[0-9a-fA-F]{1,16}$",
        })
    }
}
