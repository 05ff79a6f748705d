//! One process of a run, as the director and its own tasks see it.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use zk_checkers::{Conviction, NoteKind};
use zk_client::Client;
use zk_wire::SessionId;

use crate::process::{Gate, GatedSpawner, ProcessClock, Wire};
use crate::recorder::{Hold, Recorder};
use crate::schedule::{Action, Call, Phase};

/// What an actor tells the director.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The process is in a new phase, for the nth time.
    Phase(usize, Phase, u64),
    /// A call has come to the poll that an event waits for.
    Poll(usize, usize),
}

/// One process.
#[derive(Debug)]
pub struct Actor {
    /// Its place among the processes.
    pub index: usize,
    /// Its way to the world.
    pub wire: Wire,
    /// Where it writes down what it does.
    pub recorder: Recorder,
    /// Holds the application back.
    pub user_gate: Gate,
    /// Holds the session's task back.
    pub driver_gate: Gate,
    /// Its clock.
    pub clock: Arc<ProcessClock>,
    /// Whether it runs; false between a kill and the restart.
    pub alive: watch::Sender<bool>,
    signals: mpsc::UnboundedSender<Signal>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    incarnation: u32,
    phase: Phase,
    entered: [u64; Phase::ALL.len()],
    client: Option<Client>,
    tasks: Vec<AbortHandle>,
    spawner: Option<Arc<GatedSpawner>>,
    /// The next call is dropped after so many polls.
    cancel: Option<u64>,
    /// Faults at a poll of the next call of a function.
    at_poll: Vec<(Call, u64, usize, Action)>,
    guard_fate: Option<Action>,
    /// The holds that it has, and whether its belief in each is judged.
    holds: Vec<(Hold, bool)>,
    /// Whether somebody else closes its client.
    is_closing: bool,
    /// A session that was ended before its time: no belief in its holds is judged.
    doomed: Option<SessionId>,
}

/// How a call ended for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called<T> {
    /// With a result, after so many polls.
    Returned(T, u32),
    /// It was dropped after so many polls.
    Dropped(u32),
}

impl<T> Called<T> {
    /// The same end with another result.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Called<U> {
        match self {
            Self::Returned(value, polls) => Called::Returned(f(value), polls),
            Self::Dropped(polls) => Called::Dropped(polls),
        }
    }
}

impl Actor {
    /// A process that has not begun.
    #[must_use]
    pub fn new(
        index: usize,
        wire: Wire,
        recorder: Recorder,
        clock: Arc<ProcessClock>,
        signals: mpsc::UnboundedSender<Signal>,
    ) -> Arc<Self> {
        Arc::new(Self {
            index,
            wire,
            recorder,
            user_gate: Gate::default(),
            driver_gate: Gate::default(),
            clock,
            alive: watch::Sender::new(true),
            signals,
            state: Mutex::new(State {
                incarnation: 0,
                phase: Phase::Idle,
                entered: [0; Phase::ALL.len()],
                client: None,
                tasks: Vec::new(),
                spawner: None,
                cancel: None,
                at_poll: Vec::new(),
                guard_fate: None,
                holds: Vec::new(),
                is_closing: false,
                doomed: None,
            }),
        })
    }

    /// Its number in the history: another one after each restart.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.lock().incarnation * 16 + u32::try_from(self.index).unwrap_or(0)
    }

    /// What it is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// It does something else now.
    pub fn enter(&self, phase: Phase) {
        let mut state = self.lock();
        state.phase = phase;
        let place = Phase::ALL
            .iter()
            .position(|known| *known == phase)
            .unwrap_or(0);
        let nth = state.entered.get_mut(place).map_or(0, |count| {
            *count += 1;
            *count
        });
        drop(state);
        // The director may have gone with the end of the run.
        let _ = self.signals.send(Signal::Phase(self.index, phase, nth));
    }

    /// Its client, if it has one.
    #[must_use]
    pub fn client(&self) -> Option<Client> {
        self.lock().client.clone()
    }

    /// Its session, if it has one.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.client()?.session_id()
    }

    /// It has a client now, whose task `spawner` started; or none.
    pub fn set_client(&self, client: Option<Client>, spawner: Option<Arc<GatedSpawner>>) {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.client, client);
        state.spawner = spawner;
        state.is_closing = false;
        drop(state);
        // Dropping a client may wake tasks.
        drop(before);
    }

    /// A task dies with the process.
    pub fn adopt(&self, task: AbortHandle) {
        let mut state = self.lock();
        state.tasks.retain(|task| !task.is_finished());
        state.tasks.push(task);
    }

    /// Whether the client's task has ended.
    #[must_use]
    pub fn driver_ended(&self) -> bool {
        let state = self.lock();
        state
            .spawner
            .as_ref()
            .is_none_or(|spawner| spawner.is_finished())
    }

    /// The process ends where it stands.
    pub fn kill(&self) {
        self.recorder.note(
            self.process(),
            self.session().unwrap_or_default(),
            NoteKind::Crashed,
        );
        self.alive.send_replace(false);
        self.wire.act(|world| world.process_died(self.index));
        let (tasks, spawner, client) = {
            let mut state = self.lock();
            state.incarnation += 1;
            state.cancel = None;
            state.guard_fate = None;
            let tasks = std::mem::take(&mut state.tasks);
            (tasks, state.spawner.take(), state.client.take())
        };
        tasks.iter().for_each(AbortHandle::abort);
        if let Some(spawner) = spawner {
            spawner.abort();
        }
        drop(client);
    }

    /// The next call is dropped after so many polls.
    pub fn cancel_next(&self, polls: u64) {
        self.lock().cancel = Some(polls.max(1));
    }

    /// An event waits for the kth poll of the next call of a function.
    pub fn at_poll(&self, call: Call, poll: u64, event: usize, action: Action) {
        self.lock().at_poll.push((call, poll.max(1), event, action));
    }

    /// The next guard, or the one that is held, ends so.
    pub fn set_guard_fate(&self, action: Option<Action>) {
        self.lock().guard_fate = action;
    }

    /// How the guard is to end; asked once.
    #[must_use]
    pub fn take_guard_fate(&self) -> Option<Action> {
        self.lock().guard_fate.take()
    }

    /// It holds something from now on.
    pub fn believe(&self, hold: Hold) {
        let mut state = self.lock();
        let doomed = state.doomed == Some(hold.session);
        state.holds.push((hold, !doomed));
    }

    /// What it believes of the hold with that token now.
    pub fn say(&self, token: u64, says: Conviction, safe_for: Option<Duration>) {
        let over = matches!(says, Conviction::Lost | Conviction::Released);
        let hold = {
            let mut state = self.lock();
            let place = state.holds.iter().position(|(hold, _)| hold.token == token);
            match place {
                Some(place) if over => Some(state.holds.remove(place)),
                place => place.and_then(|place| state.holds.get(place).cloned()),
            }
        };
        if let Some((hold, _)) = hold.filter(|(_, judged)| *judged || over) {
            self.recorder.belief(&hold, says, safe_for);
        }
    }

    /// Nothing that it says of the hold with that token from now on is judged.
    pub fn disbelieve(&self, token: u64) {
        self.lock().holds.retain(|(hold, _)| hold.token != token);
    }

    /// The session is ended before its time, by whoever may do so: that bounds in time were not made for.
    pub fn doom(&self, session: SessionId) {
        let holds: Vec<Hold> = {
            let mut state = self.lock();
            state.doomed = Some(session);
            let holds = state.holds.iter_mut();
            holds
                .filter(|(hold, _)| hold.session == session)
                .map(|(hold, judged)| {
                    *judged = false;
                    hold.clone()
                })
                .collect()
        };
        for hold in &holds {
            self.recorder.belief(hold, Conviction::Doubt, None);
        }
    }

    /// Its client is about to be closed, and what is held is given back with it.
    pub fn gives_back(&self) {
        let session = self.session();
        let holds = {
            let mut state = self.lock();
            // What is granted from now on is given back before anybody can look.
            state.doomed = session;
            state.is_closing = true;
            std::mem::take(&mut state.holds)
        };
        for (hold, _) in &holds {
            self.recorder.belief(hold, Conviction::Released, None);
        }
    }

    /// Whether its client is being closed by somebody else.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.lock().is_closing
    }

    /// Forgets what is to happen to calls and guards.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.cancel = None;
        state.guard_fate = None;
        state.at_poll.clear();
    }

    /// Makes a call of the library: counts its polls, and drops it early where the schedule says so.
    pub async fn call<F: IntoFuture>(&self, call: Call, future: F) -> Called<F::Output> {
        let (cancel, faults) = {
            let mut state = self.lock();
            let (now, later) = state.at_poll.drain(..).partition(|(at, ..)| *at == call);
            state.at_poll = later;
            (state.cancel.take(), now)
        };
        Counted {
            actor: self,
            future: Some(Box::pin(future.into_future())),
            polls: 0,
            cancel,
            faults,
        }
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Counted<'a, F> {
    actor: &'a Actor,
    future: Option<Pin<Box<F>>>,
    polls: u32,
    cancel: Option<u64>,
    faults: Vec<(Call, u64, usize, Action)>,
}

impl<F: Future> Future for Counted<'_, F> {
    type Output = Called<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(future) = &mut this.future else {
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(cx);
        this.polls += 1;
        let polls = this.polls;
        let mut drops = this.cancel.is_some_and(|limit| u64::from(polls) >= limit);
        for (_, poll, event, action) in &this.faults {
            if *poll == u64::from(polls) {
                drops |= matches!(action, Action::Cancel(_));
                let _ = this
                    .actor
                    .signals
                    .send(Signal::Poll(this.actor.index, *event));
            }
        }
        match polled {
            Poll::Ready(output) => Poll::Ready(Called::Returned(output, polls)),
            Poll::Pending if drops => {
                this.future = None;
                Poll::Ready(Called::Dropped(polls))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
