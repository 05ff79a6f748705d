//! The end when the driver itself goes away.

use zk_wire::Request;
use zk_wire::frame::write_frame;

use crate::event::Transmit;
use crate::outcome::FailCause;
use crate::session::Session;
use crate::state::SessionState;

impl Session {
    /// Ends the session at once because its driver can go on no longer: everything fails, duties are moot, and a
    /// closeSession for the current connection is appended to `buf`, if there is one.
    ///
    /// If the bytes reach the server the ephemeral nodes go now, else with the session timeout. Unlike
    /// [`close`](Self::close) this waits for nothing.
    pub fn abort(&mut self, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.state.is_terminal() {
            return None;
        }
        let start = buf.len();
        let conn = self
            .link
            .up()
            .map(|up| up.conn)
            .filter(|_| self.link.is_ready());
        if conn.is_some() {
            let xid = self.xids.take(|xid| self.in_flight.has_xid(xid));
            write_frame(buf, |out| Request::CloseSession.encode(xid, out));
        }
        self.end(SessionState::Closed, &FailCause::Closed);
        conn.map(|conn| Transmit::new(conn, buf.len().saturating_sub(start)))
    }
}
