//! Which rows belong together, and which of them no later row will change.
//!
//! A unit is a session with its mails and all that they were injected again as. No relation looks beyond a unit, but for
//! one count (`added.rs`). A unit is over when its sessions have their disconnect lines, its mails were removed (or never
//! came into the queue), and nothing was heard of it for a while: lines of several processes do not come in strict order.

use crate::numbers::{Map, NONE, at};
use crate::read::{Ids, Source, Words};
use arrow_array::RecordBatch;
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;

/// Number of a session or mail in `Units`.
pub type Node = u32;

/// Of rows that name neither.
const NO_NODE: Node = Node::MAX;

/// What is known of a session or mail, and of all that belongs together where it is the root.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Position of the last row.
    last: i64,
    is_session: bool,
    disconnected: bool,
    is_mail: bool,
    /// It was in the active queue, or holds: only its removal ends it.
    queued: bool,
    removed: bool,
    /// It, or what belongs to it, is not over.
    open: bool,
}

impl Known {
    fn ended(self) -> bool {
        (!self.is_session || self.disconnected) && (!self.is_mail || self.removed || !self.queued)
    }
}

/// Sessions and mails by id, joined where a row names both.
#[derive(Default)]
pub struct Units {
    nodes: Map<i64, Node>,
    parents: Vec<Node>,
    known: Vec<Known>,
    ids: Vec<i64>,
}

/// What a row does to the session or mail that it names.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    Other,
    Disconnected,
    Queued,
    Removed,
}

/// The columns of a table that say what belongs together.
struct Columns<'b> {
    positions: Ids<'b>,
    sessions: Option<Ids<'b>>,
    messages: Option<Ids<'b>>,
    successors: Option<Ids<'b>>,
    steps: Option<Words<'b, Step>>,
    /// Each row tells of the queue.
    queued: bool,
}

impl<'b> Columns<'b> {
    fn read(table: &'b str, batch: &'b RecordBatch) -> Result<Self, ArrowError> {
        let source = Source { table, batch, chosen: None };
        let steps = |name| {
            source.words(name, |word| match word {
                "disconnect" => Step::Disconnected,
                "active" | "hold" | "pickup" => Step::Queued,
                "removed" => Step::Removed,
                _ => Step::Other,
            })
        };
        Ok(Self {
            positions: source.ids("position")?,
            sessions: if table == "deliveries" { None } else { Some(source.ids("session")?) },
            messages: if table == "connections" { None } else { Some(source.ids("message")?) },
            successors: if table == "deliveries" { Some(source.ids("successor")?) } else { None },
            steps: match table {
                "connections" | "queue" => Some(steps("event")?),
                "decisions" => Some(steps("action")?),
                _ => None,
            },
            queued: table == "deliveries",
        })
    }

    fn step(&self, row: usize) -> Step {
        if self.queued {
            Step::Queued
        } else {
            self.steps.as_ref().map_or(Step::Other, |steps| steps.get(row))
        }
    }

    fn session(&self, row: usize) -> i64 {
        self.sessions.as_ref().map_or(NONE, |ids| ids.get(row))
    }

    fn message(&self, row: usize) -> i64 {
        self.messages.as_ref().map_or(NONE, |ids| ids.get(row))
    }

    fn successor(&self, row: usize) -> i64 {
        self.successors.as_ref().map_or(NONE, |ids| ids.get(row))
    }
}

impl Units {
    /// Take what rows say; one that each names comes back. `new` is asked for each id that was not there before.
    pub fn read<E: std::convert::From<ArrowError>>(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        mut new: impl FnMut(i64) -> Result<(), E>,
    ) -> Result<Vec<Node>, E> {
        let columns = Columns::read(table, batch)?;
        let mut nodes = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let (position, step) = (columns.positions.get(row), columns.step(row));
            let session = self.node(columns.session(row), position, &mut new)?;
            let message = self.node(columns.message(row), position, &mut new)?;
            let successor = self.node(columns.successor(row), position, &mut new)?;
            if let Some(node) = session {
                let known = &mut self.known[at(node)];
                known.is_session = true;
                known.disconnected |= step == Step::Disconnected;
            }
            if let Some(node) = message {
                let known = &mut self.known[at(node)];
                known.is_mail = true;
                known.queued |= step == Step::Queued;
                known.removed |= step == Step::Removed;
            }
            let mut first = None;
            for node in [session, message, successor].into_iter().flatten() {
                first = Some(first.map_or(node, |first| self.join(first, node)));
            }
            nodes.push(first.unwrap_or(NO_NODE));
        }
        Ok(nodes)
    }

    /// Ids of all that belongs to units that are over: nothing was heard of them since `quiet`.
    pub fn settle(&mut self, quiet: i64) -> Vec<i64> {
        for node in 0..self.ids.len() as Node {
            let known = self.known[at(node)];
            if !known.ended() || known.last > quiet {
                let root = self.root(node);
                self.known[at(root)].open = true;
            }
        }
        let mut over = Vec::with_capacity(self.ids.len());
        for node in 0..self.ids.len() as Node {
            let root = self.root(node);
            self.known[at(node)].open = self.known[at(root)].open;
            if !self.known[at(node)].open {
                over.push(self.ids[at(node)]);
            }
        }
        over.sort_unstable();
        over
    }

    /// Which rows are of units that are over, or of none, by what `read` gave of them. After `settle`.
    pub fn over(&self, nodes: &[Node]) -> BooleanBuffer {
        let open = |node: Node| self.known.get(at(node)).is_some_and(|known| known.open);
        BooleanBuffer::collect_bool(nodes.len(), |row| !open(nodes[row]))
    }

    fn node<E>(
        &mut self,
        id: i64,
        position: i64,
        new: &mut impl FnMut(i64) -> Result<(), E>,
    ) -> Result<Option<Node>, E> {
        if id == NONE {
            return Ok(None);
        }
        let next = self.ids.len() as Node;
        let node = *self.nodes.entry(id).or_insert(next);
        if node == next {
            new(id)?;
            self.ids.push(id);
            self.parents.push(node);
            self.known.push(Known { last: position, ..Known::default() });
        }
        let known = &mut self.known[at(node)];
        known.last = known.last.max(position);
        Ok(Some(node))
    }

    fn root(&mut self, mut node: Node) -> Node {
        while self.parents[at(node)] != node {
            let above = self.parents[at(self.parents[at(node)])];
            self.parents[at(node)] = above;
            node = above;
        }
        node
    }

    /// Have both belong together; their root comes back.
    fn join(&mut self, a: Node, b: Node) -> Node {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[at(a.max(b))] = a.min(b);
        a.min(b)
    }
}
