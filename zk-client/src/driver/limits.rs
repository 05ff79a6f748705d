//! Sizes of the driver's buffers and bounds on its work per turn.

/// Bytes read from the socket at once. Small enough that a kept value of a quarter of it may share the buffer
/// (see [`Get`](crate::Get)), large enough for some hundred replies per system call.
pub(crate) const READ_BUFFER: usize = 64 * 1024;

/// Reads and writes in one turn of the driver before it lets other tasks run: a flood of watch events must
/// starve neither them nor the pings.
pub(crate) const TURNS: usize = 16;
