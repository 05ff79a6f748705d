//! From the create to a node that is known, whatever becomes of the answer.

use zk_recipes::decisions;
use zk_session::{FailCause, Fate, Outcome, RequestId, Submit};
use zk_wire::{Create, ErrorCode, Moment, OpCode, Request, Response};

use super::super::client::Client;
use super::{Contender, Progress, Stage, answer, names_of};

impl Contender {
    pub(super) fn entered(
        &mut self,
        client: &mut Client,
        now: Moment,
        (list, names): (RequestId, Option<Vec<String>>),
        outcome: &Outcome,
    ) -> Progress {
        match outcome {
            Outcome::Reply { result: Ok(_), .. } => {
                let Some(Response::Created { path, stat }) = answer(OpCode::Create2, outcome)
                else {
                    return Progress::Refused(0);
                };
                self.node = path;
                self.token = stat.czxid;
                match names {
                    Some(names) => self.decide(client, now, &names),
                    None => {
                        self.stage = Stage::Entering {
                            create: None,
                            list,
                            names: None,
                        };
                        Progress::Goes
                    }
                }
            }
            Outcome::Reply {
                result: Err(ErrorCode::NoNode),
                ..
            } => {
                self.absent(client, now);
                self.make_parents(client, now)
            }
            Outcome::Reply {
                result: Err(code), ..
            } => Progress::Refused(code.raw()),
            Outcome::Failed {
                cause: FailCause::ConnectionLost,
                fate: Fate::Unknown,
            } => self.barrier(client, now),
            Outcome::Failed { .. } => Progress::Again,
        }
    }

    fn make_parents(&mut self, client: &mut Client, now: Moment) -> Progress {
        let mode = decisions::parents(self.layout);
        let above = self
            .lock
            .rsplit_once('/')
            .map_or("", |(above, _)| above)
            .to_owned();
        let mut asked = Vec::new();
        for path in [above, self.lock.clone()] {
            let create = Request::Create(Create::new(path, "", mode));
            asked.extend(client.submit(now, create, Submit::new()));
        }
        self.stage = Stage::Parents(asked);
        Progress::Goes
    }

    pub(super) fn barrier(&mut self, client: &mut Client, now: Moment) -> Progress {
        if let Some(id) = client.submit(now, Request::Multi(Vec::new()), Submit::new()) {
            self.stage = Stage::Barrier(id);
        }
        Progress::Goes
    }

    pub(super) fn found(
        &mut self,
        client: &mut Client,
        now: Moment,
        outcome: &Outcome,
    ) -> Progress {
        let names = match outcome {
            Outcome::Failed { .. } => return self.ask(client, now, Stage::Finding),
            Outcome::Reply {
                result: Err(code), ..
            } if *code != ErrorCode::NoNode => {
                return Progress::Refused(code.raw());
            }
            Outcome::Reply { .. } => answer(OpCode::GetChildren, outcome).and_then(names_of),
        };
        let names = names.unwrap_or_default();
        let Some(name) = names.iter().find(|name| name.contains(&self.mark)) else {
            self.absent(client, now);
            return Progress::Again;
        };
        let node = format!("{}/{name}", self.lock);
        self.look_for_owner(client, now, node, names);
        Progress::Goes
    }

    fn look_for_owner(
        &mut self,
        client: &mut Client,
        now: Moment,
        node: String,
        names: Vec<String>,
    ) {
        let exists = Request::Exists {
            path: node.clone(),
            watch: false,
        };
        if let Some(id) = client.submit(now, exists, Submit::new()) {
            self.stage = Stage::Owning(id, node, names);
        }
    }

    pub(super) fn owned(
        &mut self,
        client: &mut Client,
        now: Moment,
        (node, names): (String, &[String]),
        outcome: &Outcome,
    ) -> Progress {
        match outcome {
            Outcome::Failed { .. } => {
                self.look_for_owner(client, now, node, names.to_vec());
                return Progress::Goes;
            }
            Outcome::Reply {
                result: Err(code), ..
            } if *code != ErrorCode::NoNode => {
                return Progress::Refused(code.raw());
            }
            Outcome::Reply { .. } => {}
        }
        match answer(OpCode::Exists, outcome) {
            Some(Response::Stat(stat)) if stat.ephemeral_owner == self.session => {
                let local = client.local(now);
                client.session.locate(local, self.duty, node.clone());
                self.node = node;
                self.token = stat.czxid;
                self.decide(client, now, names)
            }
            _ => {
                self.absent(client, now);
                Progress::Again
            }
        }
    }
}
