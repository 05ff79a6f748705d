//! The floor once more, on the embedded server: the same bytes, another server.

use std::time::Duration;

use zk_embedded::EmbeddedServer;
use zk_wire::OpCode;

use crate::contender::{Contender, Run, Workload};
use crate::floor::Floor;
use crate::host::{Flavour, Host};
use crate::outcome::Outcome;
use crate::stage::Stage;

/// What the table calls it.
pub(crate) const NAME: &str = "raw frames on the embedded server";

/// An embedded server on a thread of its own, and the floor's frames to it.
pub(crate) struct Embedded {
    floor: Floor,
    // In this order: the connection goes before the server, and the server before its runtime.
    server: EmbeddedServer,
    _host: Host,
}

impl Embedded {
    pub(crate) fn start() -> Outcome<Self> {
        let host = Host::start(Flavour::CurrentThread)?;
        let server = host.wait(async { Ok(EmbeddedServer::builder().start().await?) })?;
        let stage = Stage::set(&server.connect_string(), "/zk-bench")?;
        Ok(Self {
            floor: Floor::connect(&stage)?,
            server,
            _host: host,
        })
    }
}

impl Contender for Embedded {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn does(&self, workload: Workload) -> bool {
        !matches!(workload, Workload::Read(..) | Workload::CacheLoad)
    }

    fn remark(&self, _workload: Workload) -> Option<&'static str> {
        Some(
            "another server, in the benchmark's own process: the column \"to the floor\" compares \
             the servers, and the CPU is that of both sides",
        )
    }

    fn run(&mut self, workload: Workload, time: Duration) -> Outcome<Run> {
        let asked = || self.server.hooks().count(OpCode::GetData);
        let before = asked();
        let run = self.floor.run(workload, time)?;
        let answered = asked() - before;
        // A rate as high as this one has to be believable: the server has counted, too.
        if matches!(workload, Workload::Get(_)) && answered != run.operations {
            let claimed = run.operations;
            return Err(format!("{claimed} answers to {answered} requests").into());
        }
        Ok(run)
    }

    fn requests(&self) -> Option<u64> {
        self.floor.requests()
    }
}
