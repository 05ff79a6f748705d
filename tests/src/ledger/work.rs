//! What contenders of ours do with a hold, and the lines in which they say it.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};
use zk_recipes::{Client, Error, Fate, Held, LockLost, LockLostWhy, Moment};

/// One hold of one contender.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a contender names them all")]
pub struct Work<'a> {
    /// Whose hold it is.
    pub zk: &'a Client,
    /// Where the counter and the marks are.
    pub base: &'a str,
    /// The contender.
    pub who: &'a str,
    /// What is counted and marked as: used once.
    pub id: &'a str,
    /// The hold.
    pub held: &'a Held,
    /// Its token.
    pub token: u64,
    /// When it was granted.
    pub granted: Moment,
}

impl Work<'_> {
    /// Counts and marks, fenced by the hold; then releases it, which tells whether it was held to the end. Each line is
    /// said as soon as it is true.
    pub async fn run(
        &self,
        release: impl Future<Output = Result<bool, Error>>,
        mut say: impl FnMut(&Value),
    ) {
        let safe_until = self.calls(&mut say).await;
        let lost = self.lost().await;
        let released = release.await;
        let end = match lost {
            Ok(lost) if lost.why == LockLostWhy::NodeDeleted => "deleted",
            Ok(_) => "lost",
            Err(_) if released.is_ok_and(|was_held| was_held) => "released",
            Err(_) => "unknown",
        };
        say(&json!({
            "event": "hold", "who": self.who, "node": self.held.node(), "token": self.token, "end": end,
            "granted": self.granted.as_nanos(), "safe_until": safe_until,
        }));
    }

    /// Whether it is lost by now. Who is in doubt waits until that is known.
    async fn lost(&self) -> Result<LockLost, Elapsed> {
        for _ in 0..300 {
            let lost = timeout(Duration::ZERO, self.held.lost()).await;
            if lost.is_ok() || self.held.is_safe() {
                return lost;
            }
            sleep(Duration::from_millis(50)).await;
        }
        timeout(Duration::ZERO, self.held.lost()).await
    }

    /// Returns until when the hold was last known to be safe.
    async fn calls(&self, say: &mut impl FnMut(&Value)) -> Option<u64> {
        let Self {
            zk,
            base,
            who,
            id,
            held,
            token,
            ..
        } = self;
        let counter = format!("{base}/counter");
        let mut safe_until = safe(held);
        let read = match zk.get(&counter).await {
            Ok(read) => read,
            Err(error) => {
                eprintln!("{who}: read: {error}");
                return safe_until;
            }
        };
        safe_until = safe(held).or(safe_until);
        let saw = String::from_utf8_lossy(&read.data).into_owned();
        let n: u64 = saw
            .split(' ')
            .next()
            .unwrap_or_default()
            .parse()
            .unwrap_or(0);
        let add = zk.set(&counter, format!("{} {id}", n + 1));
        let added = add.fenced_by(*held).await.map(drop);
        say(&json!({
            "event": "call", "op": "add", "id": id, "token": token, "saw": saw, "n": n + 1,
            "saw_zxid": read.stat.mzxid.as_raw(), "outcome": outcome(&added), "why": why(&added),
        }));
        safe_until = safe(held).or(safe_until);
        let mark = zk.create(&format!("{base}/marks/{id}"), token.to_string());
        let marked = mark.fenced_by(*held).await.map(drop);
        say(&json!({
            "event": "call", "op": "mark", "id": id, "token": token,
            "outcome": outcome(&marked), "why": why(&marked),
        }));
        safe(held).or(safe_until)
    }
}

fn safe(held: &Held) -> Option<u64> {
    held.safe_until().map(|moment| moment.as_nanos())
}

fn outcome(result: &Result<(), Error>) -> &'static str {
    match result.as_ref().map_err(Error::fate) {
        Ok(()) => "done",
        Err(Fate::NotApplied) => "not_applied",
        Err(_) => "unknown",
    }
}

fn why(result: &Result<(), Error>) -> Option<String> {
    result.as_ref().err().map(Error::to_string)
}
