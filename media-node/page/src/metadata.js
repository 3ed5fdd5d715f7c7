// Owns what stands in clear beside a frame and is bound to it: the bytes of `media_core::e2ee::FrameMetadata`, made of what the
// browser tells of an encoded frame.
//
// Measured with Chromium 156: both ends tell the same of a picture (`frameId`, layers, whether it is a key frame) exactly if the
// dependency descriptor was negotiated. Without it a receiver reads sealed bytes as if they were VP8's header: it takes most
// pictures for key frames of some random size, and tells no `frameId`. So pictures without one are neither sent nor played.

/** In the order of `media_core::MediaKind`. */
export const KINDS = ["audio", "camera", "screen"];

/** The session's payload types, whatever numbers this connection has agreed on. */
const PAYLOAD_TYPES = { "audio/opus": 111, "video/vp8": 96, "video/vp9": 98 };

/** `null` for a frame that cannot be sealed or opened. `kind` is one of `KINDS`. */
export function metadataOf(kind, frame) {
    const told = frame.getMetadata();
    const payloadType = PAYLOAD_TYPES[told.mimeType?.toLowerCase()];
    if (payloadType === undefined) return null;
    const bytes = Uint8Array.of(KINDS.indexOf(kind), payloadType, 0, 0, 0, 0, 0);
    if (kind === "audio") return bytes;
    if (told.frameId === undefined) return null;
    bytes[2] = told.spatialIndex ?? 0;
    bytes[3] = told.temporalIndex ?? 0;
    bytes[4] = frame.type === "key" ? 1 : 0;
    // The descriptor carries the low 16 bits.
    new DataView(bytes.buffer).setUint16(5, told.frameId & 0xffff);
    return bytes;
}
