//! The line between one pass and the embedded AWS: time passes on it, other runs get their turn between two calls, the
//! world changes behind the pass's back, and a pass is cut off in the middle.

use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use chrono::TimeDelta;
use clusterwarden_local::cloud::{Call, Cloud, elasticache::GroupView};
use tokio::sync::Notify;

use crate::{SharedCloud, draw::Draw};

/// What happens to the world at some point of a pass.
pub type Change = Box<dyn FnOnce(&mut Cloud) + Send>;

/// Where a pass ends before its time, as a function does that runs into its timeout or whose machine dies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// At its call of this number, counted from 0.
    Call {
        /// Which.
        number: usize,
        /// Whether AWS still does what the call asks.
        served: bool,
    },
    /// Right after AWS has done what the first call of this operation asks.
    After(&'static str),
}

/// What goes on while a pass runs.
#[derive(Default)]
pub struct Plan {
    /// Chooses how often other runs get their turn before each call.
    pub seed: u64,
    /// How long each call takes.
    pub call_takes: TimeDelta,
    /// Where the pass ends before its time.
    pub cut: Option<Cut>,
    /// What happens just before the call of this number, counted from 0.
    pub before: BTreeMap<usize, Change>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("seed", &self.seed)
            .field("call_takes", &self.call_takes)
            .field("cut", &self.cut)
            .field("before", &self.before.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// One call as the line saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// The call as the cloud noted it.
    pub call: Call,
    /// Every group as it was just before.
    pub groups: Vec<GroupView>,
}

/// A client's way to the embedded AWS.
#[derive(Clone)]
pub struct Line {
    inner: Arc<Inner>,
    cloud: SharedCloud,
}

struct Inner {
    cut: Notify,
    state: Mutex<State>,
}

struct State {
    plan: Plan,
    turns: Draw,
    carried: Vec<Carried>,
    calls: usize,
    changed: bool,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Line").field(&self.state().plan).finish()
    }
}

impl Line {
    /// A line to this cloud.
    pub fn new(cloud: &SharedCloud, plan: Plan) -> Self {
        let state = State {
            turns: Draw::new(plan.seed),
            plan,
            carried: Vec::new(),
            calls: 0,
            changed: false,
        };
        Self {
            inner: Arc::new(Inner {
                cut: Notify::new(),
                state: Mutex::new(state),
            }),
            cloud: cloud.clone(),
        }
    }

    /// The same line as a function uses it; see [`SharedCloud::by`].
    pub fn by(&self, function: &'static str) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            cloud: self.cloud.by(function),
        }
    }

    /// Returns when the line has been cut.
    pub async fn cut(&self) {
        self.inner.cut.notified().await;
    }

    /// The calls carried so far, oldest first.
    pub fn carried(&self) -> Vec<Carried> {
        self.state().carried.clone()
    }

    /// Whether the world changed, or was to change, while the pass ran.
    pub fn changes_planned(&self) -> bool {
        let state = self.state();
        state.changed || !state.plan.before.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry(
        self,
        request: HttpRequest,
    ) -> Result<
        aws_smithy_runtime_api::client::orchestrator::HttpResponse,
        aws_smithy_runtime_api::client::result::ConnectorError,
    > {
        // One turn at least, or two runs would never meet.
        let turns = 1 + self.state().turns.below(4);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        let (number, change, takes, cut) = {
            let mut state = self.state();
            let number = state.calls;
            state.calls += 1;
            let change = state.plan.before.remove(&number);
            state.changed |= change.is_some();
            (
                number,
                change,
                state.plan.call_takes,
                state.plan.cut.clone(),
            )
        };
        let cut_here = |served| cut == Some(Cut::Call { number, served });
        if cut_here(false) {
            return self.end().await;
        }
        let (answer, operation) = {
            let mut cloud = self.cloud.lock();
            cloud.advance(takes);
            if let Some(change) = change {
                change(&mut cloud);
            }
            let groups = cloud.elasticache.groups().collect();
            let known = cloud.calls.len();
            drop(cloud);
            let answer = self.cloud.answer(request);
            let call = self.cloud.lock().calls.get(known).cloned();
            let operation = call.as_ref().map(|call| call.operation.clone());
            let mut state = self.state();
            state
                .carried
                .extend(call.map(|call| Carried { call, groups }));
            (answer, operation)
        };
        let after = match &cut {
            Some(Cut::After(which)) => operation.as_deref() == Some(*which),
            Some(Cut::Call { .. }) | None => false,
        };
        if after || cut_here(true) {
            return self.end().await;
        }
        answer
    }

    /// Cuts the line: nothing is answered any more.
    async fn end<T>(&self) -> T {
        // What was planned for later calls of this pass won't happen.
        drop(mem::take(&mut self.state().plan.before));
        self.inner.cut.notify_one();
        std::future::pending().await
    }
}

impl Carried {
    /// The group as it was just before the call.
    pub fn group(&self, id: &str) -> Option<&GroupView> {
        self.groups.iter().find(|group| group.id == id)
    }
}

/// Whether a group with all its nodes is available, as describes would show it.
pub fn is_available(group: &GroupView) -> bool {
    let shards = group.shards.iter().filter(|shard| shard.listed);
    let mut nodes = shards.flat_map(|shard| &shard.nodes);
    group.status == "available" && nodes.all(|node| node.available)
}

/// The last look at the groups before the call of this place in the list.
pub fn last_look(carried: &[Carried], before: usize) -> Option<&Carried> {
    let mut looks = carried.iter().take(before).rev();
    looks.find(|one| one.call.operation == "DescribeReplicationGroups")
}

impl HttpClient for Line {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().carry(request))
    }
}
