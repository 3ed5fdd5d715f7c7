//! Owns MLS messages as they travel through the server: bytes, in base64 (RFC 4648 section 4).

use std::{borrow::Cow, fmt, sync::Arc};

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An MLS message that is not looked into. Cheap to clone: one commit goes to everybody in a conference.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handshake(Arc<[u8]>);

impl Handshake {
    /// A message of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// What was said.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Handshake {
    /// Its length is all that is of interest, and all that is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake({} bytes)", self.0.len())
    }
}

impl Serialize for Handshake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Handshake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let bytes = Base64::decode_vec(&text).map_err(|_| D::Error::custom("not base64"))?;
        Ok(Self(bytes.into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Handshake;

    proptest! {
        #[test]
        fn a_message_survives_the_wire(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let message = Handshake::new(&bytes);
            let text = serde_json::to_string(&message).unwrap();
            prop_assert_eq!(serde_json::from_str::<Handshake>(&text).unwrap(), message);
        }

        #[test]
        fn other_text_is_refused_or_the_one_encoding(text in "[A-Za-z0-9+/=_-]{0,12}") {
            let json = format!("\"{text}\"");
            if let Ok(message) = serde_json::from_str::<Handshake>(&json) {
                prop_assert_eq!(serde_json::to_string(&message).unwrap(), json);
            }
        }
    }

    #[test]
    fn what_is_said_is_not_shown() {
        assert_eq!(format!("{:?}", Handshake::new(b"secret")), "Handshake(6 bytes)");
    }
}
