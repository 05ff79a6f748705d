//! The floor: the same bytes without a client. What the server and the kernel alone take.

use std::time::{Duration, Instant};

use zk_wire::jute::Reader;
use zk_wire::{Create, CreateMode, OpCode, Request, Response};

use crate::contender::{Contender, Role, Run, Workload};
use crate::outcome::Outcome;
use crate::raw::RawConnection;
use crate::stage::Stage;

/// What the table calls it.
pub(crate) const NAME: &str = "floor: raw frames";

/// As long as the names that Curator's mutex writes.
const CONTENDER: &str = "_c_00000000-0000-4000-8000-000000000000-lock-";

/// Encoded frames on one blocking socket.
pub(crate) struct Floor {
    connection: RawConnection,
    node: String,
    lock: String,
}

impl Floor {
    pub(crate) fn connect(stage: &Stage) -> Outcome<Self> {
        let connection = RawConnection::open(stage.address())?;
        Ok(Self {
            connection,
            node: stage.node(),
            lock: stage.lock("floor"),
        })
    }

    /// Keeps `in_flight` copies of one frame on the wire.
    fn replay(&mut self, in_flight: usize, until: Instant) -> Outcome<u64> {
        let mut frame = Vec::new();
        self.connection.encode(
            &Request::GetData {
                path: self.node.clone(),
                watch: false,
            },
            &mut frame,
        );
        let batch = frame.repeat(in_flight);
        self.connection.send(&batch, in_flight)?;
        let mut open = in_flight;
        let mut done = 0;
        while open > 0 {
            let answered = self.connection.replies()?;
            open -= answered;
            done += answered as u64;
            if Instant::now() < until {
                let frames = batch.get(..answered * frame.len()).unwrap_or_default();
                self.connection.send(frames, answered)?;
                open += answered;
            }
        }
        Ok(done)
    }

    /// create2 and getChildren in one write; then delete, in a write of its own if its answer is
    /// awaited, else in front of the next create2.
    fn contend(&mut self, await_release: bool, until: Instant) -> Outcome<u64> {
        let prefix = format!("{}/{CONTENDER}", self.lock);
        let create = Request::Create(Create::new(
            prefix,
            "bench",
            CreateMode::EphemeralSequential,
        ));
        let list = Request::GetChildren {
            path: self.lock.clone(),
            watch: false,
        };
        let mut out = Vec::new();
        let mut carried = 0;
        let mut done = 0;
        while Instant::now() < until {
            self.connection.encode(&create, &mut out);
            self.connection.encode(&list, &mut out);
            self.connection.send(&out, carried + 2)?;
            for _ in 0..carried {
                self.connection.reply()?;
            }
            let body = self.connection.reply()?.to_vec();
            let path = match Response::decode(OpCode::Create2, &mut Reader::new(body.into()))? {
                Response::Created { path, .. } => path,
                other => return Err(format!("create2 was answered with {other:?}").into()),
            };
            self.connection.reply()?;
            out.clear();
            self.connection
                .encode(&Request::Delete { path, version: -1 }, &mut out);
            carried = 1;
            if await_release {
                self.finish(&mut out)?;
                carried = 0;
            }
            done += 1;
        }
        if carried > 0 {
            self.finish(&mut out)?;
        }
        Ok(done)
    }

    fn finish(&mut self, delete: &mut Vec<u8>) -> Outcome<()> {
        self.connection.send(delete, 1)?;
        self.connection.reply()?;
        delete.clear();
        Ok(())
    }
}

impl Contender for Floor {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn role(&self) -> Role {
        Role::Floor
    }

    fn does(&self, workload: Workload) -> bool {
        !matches!(workload, Workload::Read(..) | Workload::CacheLoad)
    }

    fn run(&mut self, workload: Workload, time: Duration) -> Outcome<Run> {
        let begun = Instant::now();
        let until = begun + time;
        let operations = match workload {
            Workload::Get(in_flight) => self.replay(in_flight, until)?,
            Workload::Mutex => self.contend(true, until)?,
            Workload::MutexDropped => self.contend(false, until)?,
            Workload::Read(..) | Workload::CacheLoad => return Err("this is for clients".into()),
        };
        Ok(Run {
            operations,
            elapsed: begun.elapsed(),
        })
    }

    fn requests(&self) -> Option<u64> {
        Some(self.connection.sent())
    }
}
