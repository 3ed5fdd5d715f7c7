//! Owns the names of everything because of which an offer, or one of its sections, is not served.

/// Why an offer or a section of it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum SdpRefusal {
    /// Beyond [`crate::limits::SDP_BYTES_MAX`].
    #[error("the offer is too long")]
    TooLong,
    /// Not a session description, or a line in it has an impossible value.
    #[error("the offer cannot be read")]
    Malformed,
    /// Beyond [`crate::limits::SDP_SECTIONS_MAX`].
    #[error("the offer has too many sections")]
    TooManySections,
    /// Sections do not share one transport (RFC 9143).
    #[error("the sections do not share one transport (BUNDLE)")]
    NoBundle,
    /// RTP and RTCP do not share one port (RFC 5761).
    #[error("RTP and RTCP do not share one port (rtcp-mux)")]
    NoRtcpMux,
    /// No usable ICE user name fragment and password (RFC 8839 section 5.4).
    #[error("ICE credentials are missing")]
    NoIce,
    /// The peer is ICE-lite, as the media node is: nobody would check whether there is a path (RFC 8445 section 2.5).
    #[error("both ends are ICE-lite")]
    IceLite,
    /// No fingerprint by SHA-256 (RFC 8122).
    #[error("a SHA-256 fingerprint of the certificate is missing")]
    NoFingerprint,
    /// The certificate is another one than in the offer before. That is another DTLS association (RFC 8842 section 4), for
    /// which the peer has to join anew.
    #[error("the certificate has changed")]
    CertificateChanged,
    /// The peer does not want to begin the DTLS handshake (RFC 8842).
    #[error("the peer does not begin the DTLS handshake (setup)")]
    BadSetup,
    /// A section has no identification of 1 to 16 bytes (RFC 5888), as many as fit a header extension.
    #[error("a section has no usable mid")]
    NoMid,
    /// Two sections have the same identification.
    #[error("two sections have the same mid")]
    DuplicateMid,
    /// A section of an earlier offer is missing or is another one now (RFC 3264 section 8).
    #[error("sections of an earlier offer are missing or stand in another order")]
    SectionsChanged,
    /// One payload type means different things (RFC 9143 section 9.1).
    #[error("a payload type means different things in different sections")]
    PayloadTypeConflict,
    /// One identifier means different header extensions, or the other way round (RFC 9143 section 9.2).
    #[error("an identifier means different header extensions in different sections")]
    ExtensionConflict,
    /// Two streams have the same SSRC.
    #[error("an SSRC is used twice")]
    SsrcTwice,
    /// Neither audio nor video, such as a data channel.
    #[error("the section is neither audio nor video")]
    NotMedia,
    /// Not RTP over DTLS-SRTP with feedback (RFC 5764).
    #[error("the section's transport is not DTLS-SRTP with feedback")]
    NotSecure,
    /// None of the session's codecs.
    #[error("there is no common codec")]
    NoCommonCodec,
    /// Pictures without dependency descriptors: layers cannot be chosen in what is encrypted.
    #[error("video comes without dependency descriptors")]
    NoDependencyDescriptor,
    /// Beyond [`crate::limits::ENCODINGS_MAX`].
    #[error("there are too many simulcast encodings")]
    TooManyEncodings,
    /// Packets do not say which encoding they belong to: neither SSRCs are announced, nor does a header extension have the
    /// names.
    #[error("packets do not say which encoding they belong to")]
    UnnamedStreams,
    /// Beyond one microphone, one camera and one screen.
    #[error("there is one track of this kind already")]
    TooManyTracks,
}

impl SdpRefusal {
    /// Every reason.
    pub const ALL: [Self; 23] = [
        Self::TooLong,
        Self::Malformed,
        Self::TooManySections,
        Self::NoBundle,
        Self::NoRtcpMux,
        Self::NoIce,
        Self::IceLite,
        Self::NoFingerprint,
        Self::CertificateChanged,
        Self::BadSetup,
        Self::NoMid,
        Self::DuplicateMid,
        Self::SectionsChanged,
        Self::PayloadTypeConflict,
        Self::ExtensionConflict,
        Self::SsrcTwice,
        Self::NotMedia,
        Self::NotSecure,
        Self::NoCommonCodec,
        Self::NoDependencyDescriptor,
        Self::TooManyEncodings,
        Self::UnnamedStreams,
        Self::TooManyTracks,
    ];

    /// The name that stands in reports and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::TooManySections => "too-many-sections",
            Self::NoBundle => "no-bundle",
            Self::NoRtcpMux => "no-rtcp-mux",
            Self::NoIce => "no-ice",
            Self::IceLite => "ice-lite",
            Self::NoFingerprint => "no-fingerprint",
            Self::CertificateChanged => "certificate-changed",
            Self::BadSetup => "bad-setup",
            Self::NoMid => "no-mid",
            Self::DuplicateMid => "duplicate-mid",
            Self::SectionsChanged => "sections-changed",
            Self::PayloadTypeConflict => "payload-type-conflict",
            Self::ExtensionConflict => "extension-conflict",
            Self::SsrcTwice => "ssrc-twice",
            Self::NotMedia => "not-media",
            Self::NotSecure => "not-secure",
            Self::NoCommonCodec => "no-common-codec",
            Self::NoDependencyDescriptor => "no-dependency-descriptor",
            Self::TooManyEncodings => "too-many-encodings",
            Self::UnnamedStreams => "unnamed-streams",
            Self::TooManyTracks => "too-many-tracks",
        }
    }
}
