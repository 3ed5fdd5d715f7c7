//! Owns the server's bounds that belong to sockets and HTTP; those of conferences and media are the engine's
//! ([`media_core::limits`]).

use std::time::Duration;

use media_core::limits::SIGNAL_BYTES_MAX;

/// Bytes that may wait for one client on its signalling channel. Who enters a full conference is told of two thousand tracks in
/// 400 kB; four of the longest messages fit.
pub const OUTBOX_BYTES_MAX: usize = 4 * SIGNAL_BYTES_MAX;
/// What a waiting message costs beside its bytes.
pub const OUTBOX_MESSAGE_OVERHEAD: usize = 64;
/// Requests and connections that may wait for the media node; who has another one waits until there is room.
pub const COMMANDS_MAX: usize = 1_024;
/// Requests that are handled before media are looked at again.
pub const COMMANDS_PER_TURN: usize = 64;
/// Batches of datagrams that are received before anything else is looked at.
pub const RECEIVES_PER_TURN: usize = 4;
/// Bytes that are gathered before they are sent: three packets for each of a thousand subscribers. The more are gathered, the more
/// go to one address together.
pub const SEND_BATCH_BYTES: usize = 4 << 20;
/// How long the media node waits for room in the socket's buffer before it drops what would be sent.
pub const SEND_WAIT_MAX: Duration = Duration::from_millis(5);
/// Bytes of the socket's buffers, in each direction: 60 ms of 500 Mbit/s. The kernel may give less (`net.core.rmem_max`).
pub const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Bytes of one datagram that is looked at: Ethernet's 1,500 without headers of IPv4 and UDP. Nobody here sends more than
/// [`media_core::limits::DATAGRAM_BYTES_MAX`] and what protects it, but certificates of others may be long.
pub const DATAGRAM_BYTES_MAX: usize = 1_472;
/// How long a new signalling channel may be silent before it has asked for anything.
pub const FIRST_MESSAGE_WITHIN: Duration = Duration::from_secs(10);
/// How long a message may take to be written to a client.
pub const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// After which time a client is asked whether it is there.
pub const QUESTION_INTERVAL: Duration = Duration::from_secs(5);
/// After which silence a client is taken for gone: as long as the rehearsal's clients wait for the server.
pub const SILENT_MAX: Duration = Duration::from_secs(15);
/// How long somebody whose signalling broke stays in the conference: media go on over a path of their own, and who comes back by then
/// takes their place over. A page tries every 3.5 s at least (`page/src/patience.js`).
pub const RETURN_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take for the head of a request, for an offer, and for the handshake of TLS.
pub const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long the last answers may take when the server ends.
pub const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);
