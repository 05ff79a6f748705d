//! `zkctl counter`: a number that many programs change.

use serde_json::json;
use zk_recipes::{AtomicInt, AtomicLong, AtomicNumber, Change, Client, CompareAndSet, Number};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::layout::Shared;
use crate::node_path::NodePath;
use crate::output;

use super::locks::picture::check_chroot;

/// Options of `counter`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The number is 64 bits as Curator's DistributedAtomicLong stores it; --int: 32 bits, as its DistributedAtomicInteger and
SharedCount do; --layout kazoo: decimal text, as kazoo's Counter. A node that is not there counts as 0.

Every change takes place once or not at all; an answer that is lost is looked for before anything else is done.
Exits with 1 if `compare` found another number or the node holds something else, with 75 if others were faster at every
attempt.

Examples:
  zkctl counter add /counters/orders        # prints the number after it
  zkctl counter add /counters/orders -5
  zkctl counter get /counters/orders
  zkctl counter set /counters/orders 0
  zkctl counter compare /counters/orders 7 8 && echo \"it was 7, and is 8\"
  zkctl counter add /counters/orders --json | jq .after")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print the number
    #[command(after_help = "\
With --json: {\"path\": …, \"value\": …}.

Examples:
  zkctl counter get /counters/orders")]
    Get {
        #[command(flatten)]
        counter: Counter,
    },
    /// Add to the number, and print what it is then
    #[command(after_help = "\
With --json: {\"path\": …, \"before\": …, \"after\": …}.

Examples:
  zkctl counter add /counters/orders
  zkctl counter add /counters/orders -5")]
    Add {
        #[command(flatten)]
        counter: Counter,

        /// How much
        #[arg(value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
        delta: i64,
    },
    /// Set the number, whatever it was; repairs a node that holds something else
    #[command(after_help = "\
Prints nothing. With --json: {\"path\": …, \"value\": …}.

Examples:
  zkctl counter set /counters/orders 0")]
    Set {
        #[command(flatten)]
        counter: Counter,

        /// The number
        #[arg(value_name = "N", allow_negative_numbers = true)]
        value: i64,
    },
    /// Set the number if it is the expected one, else exit with 1
    #[command(after_help = "\
Prints nothing if it was the expected one. With --json: {\"path\": …, \"done\": …, \"value\": what it is now}.

Examples:
  zkctl counter compare /counters/orders 7 8")]
    Compare {
        #[command(flatten)]
        counter: Counter,

        /// What it should be
        #[arg(value_name = "EXPECTED", allow_negative_numbers = true)]
        expected: i64,

        /// What it becomes
        #[arg(value_name = "NEW", allow_negative_numbers = true)]
        new: i64,
    },
}

#[derive(Debug, clap::Args)]
struct Counter {
    /// The counter
    path: NodePath,

    /// 32 bits instead of 64
    #[arg(long)]
    int: bool,

    #[command(flatten)]
    layout: Shared,
}

/// What came of it.
enum Outcome {
    Value(i64),
    Set(i64),
    Changed { before: i64, after: i64 },
    Done(i64),
    Found(i64),
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let Args { action } = args;
    let (action, counter) = (&action, action.counter());
    let path = counter.path.as_str();
    let outcome = connection
        .run(|client| async move {
            let layout = counter.layout.into();
            if counter.int {
                let number = AtomicInt::new(&client, path)?.layout(layout);
                action.perform(&client, &number).await
            } else {
                let number = AtomicLong::new(&client, path)?.layout(layout);
                action.perform(&client, &number).await
            }
        })
        .await?;
    tell(path, &outcome, json)?;
    match outcome {
        Outcome::Found(_) if json => Err(Failure::silent(code::REFUSED)),
        Outcome::Found(found) => Err(Failure::new(
            code::REFUSED,
            format!("{path} was left alone: it is {found}"),
        )),
        _ => Ok(code::OK),
    }
}

impl Action {
    fn counter(&self) -> &Counter {
        match self {
            Self::Get { counter }
            | Self::Add { counter, .. }
            | Self::Set { counter, .. }
            | Self::Compare { counter, .. } => counter,
        }
    }

    async fn perform<N: Number>(
        &self,
        client: &Client,
        number: &AtomicNumber<N>,
    ) -> Result<Outcome, Failure> {
        Ok(match *self {
            Self::Get { .. } => {
                let value = number.get().await?.into();
                if value == 0 {
                    check_chroot(client).await?;
                }
                Outcome::Value(value)
            }
            Self::Add { delta, .. } => {
                let Change { before, after, .. } = number.add(sized(delta)?).await?;
                Outcome::Changed {
                    before: before.into(),
                    after: after.into(),
                }
            }
            Self::Set { value, .. } => {
                number.set(sized(value)?).await?;
                Outcome::Set(value)
            }
            Self::Compare { expected, new, .. } => {
                let compared = number.compare_and_set(sized(expected)?, sized(new)?);
                match compared.await? {
                    CompareAndSet::Done => Outcome::Done(new),
                    CompareAndSet::Found(found) => Outcome::Found(found.into()),
                    _ => {
                        return Err(Failure::new(
                            code::INTERNAL,
                            "an end that zkctl does not know",
                        ));
                    }
                }
            }
        })
    }
}

fn sized<N: Number>(number: i64) -> Result<N, Failure> {
    let bits = size_of::<N>() * 8;
    N::try_from(number)
        .map_err(|_| Failure::usage(format!("{number} does not fit into {bits} bits (--int)")))
}

fn tell(path: &str, outcome: &Outcome, json: bool) -> Result<(), Failure> {
    let object = match *outcome {
        Outcome::Value(value) | Outcome::Set(value) => json!({ "path": path, "value": value }),
        Outcome::Changed { before, after } => {
            json!({ "path": path, "before": before, "after": after })
        }
        Outcome::Done(value) => json!({ "path": path, "done": true, "value": value }),
        Outcome::Found(value) => json!({ "path": path, "done": false, "value": value }),
    };
    match *outcome {
        _ if json => output::json(&object)?,
        Outcome::Value(value) | Outcome::Changed { after: value, .. } => {
            output::text(&format!("{value}\n"))?;
        }
        Outcome::Set(_) | Outcome::Done(_) | Outcome::Found(_) => {}
    }
    Ok(())
}
