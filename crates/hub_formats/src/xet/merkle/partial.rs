//! A part of a tree whose rest is not known: a few nodes stand for all chunks of a stretch of a file, and parts that follow
//! each other can be joined by a client into the hash of the whole.
//!
//! ```text
//! level = left | sure groups | right            the sure groups are the nodes of the level above
//! ```
//! A level is cut into groups from its left end, so without what comes before it is not known where groups begin. But three
//! nodes at which groups may end, each three to seven nodes behind the one before, settle it: wherever groups began before
//! them, one ends at the middle one. What lies between the first and the last such place becomes groups; what is left of it
//! and right of it is kept as it is. At a known end of the file nothing is left over on that side.

use hub_core::XetHash;
use serde::Serialize;

use super::super::hash::last_number;
use super::{CUT_ONE_OF, GROUP_MAX_NODES, GROUP_MIN_NODES, Node, group};

/// Where a stretch lies in its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// Whether the file begins with it.
    pub at_start: bool,
    /// Whether the file ends with it.
    pub at_end: bool,
}

/// The nodes that stand for a stretch of a file, in the form in which clients read them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PartialTree {
    /// What is left of the sure groups, level by level, and then what is right of them, from the highest level down.
    nodes: Vec<NodeView>,
    /// How many nodes of each level are on either side.
    levels: Vec<(usize, usize)>,
    at_start: bool,
    at_end: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct NodeView {
    hash: XetHash,
    size: u64,
}

impl From<&Node> for NodeView {
    fn from(node: &Node) -> Self {
        Self { hash: node.hash, size: node.size_bytes }
    }
}

/// A level without its sure groups.
#[derive(Default)]
struct Sides {
    left: Vec<Node>,
    right: Vec<Node>,
}

impl PartialTree {
    /// The nodes that stand for these chunks, given by hash and length; `None` if there are none.
    pub fn new(chunks: impl IntoIterator<Item = (XetHash, u64)>, stretch: Stretch) -> Option<Self> {
        let mut level: Vec<Node> = chunks.into_iter().map(|(hash, size_bytes)| Node { hash, size_bytes }).collect();
        if level.is_empty() {
            return None;
        }
        let mut levels: Vec<Sides> = Vec::new();
        let (mut at_start, mut at_end) = (stretch.at_start, stretch.at_end);
        loop {
            let (sides, groups) = split(level, at_start, at_end);
            // A level above begins where the file does only if all groups below are known, and so for the end.
            at_start &= sides.left.is_empty();
            at_end &= sides.right.is_empty();
            levels.push(sides);
            match groups.len() {
                0 => break,
                1 => {
                    levels.push(Sides { left: groups, right: Vec::new() });
                    break;
                }
                _ => level = groups,
            }
        }
        let left = levels.iter().flat_map(|sides| &sides.left);
        let right = levels.iter().rev().flat_map(|sides| &sides.right);
        Some(Self {
            nodes: left.chain(right).map(NodeView::from).collect(),
            levels: levels.iter().map(|sides| (sides.left.len(), sides.right.len())).collect(),
            at_start: stretch.at_start,
            at_end: stretch.at_end,
        })
    }
}

/// Takes the sure groups out of a level.
fn split(mut nodes: Vec<Node>, at_start: bool, at_end: bool) -> (Sides, Vec<Node>) {
    let start = if at_start { Some(0) } else { first_sure_cut(&nodes) };
    let end = if at_end {
        Some(nodes.len())
    } else {
        start.and_then(|start| last_sure_cut(&nodes[start..]).map(|end| start + end))
    };
    let (Some(start), Some(end)) = (start, end) else { return (Sides { left: nodes, right: Vec::new() }, Vec::new()) };
    if nodes.len() <= 1 || start >= end {
        return (Sides { left: nodes, right: Vec::new() }, Vec::new());
    }
    let right = nodes.split_off(end);
    let mut groups = Vec::new();
    let mut rest = &nodes[start..];
    while !rest.is_empty() {
        let (first, after) = rest.split_at(group_length(rest));
        groups.push(group(first));
        rest = after;
    }
    nodes.truncate(start);
    (Sides { left: nodes, right }, groups)
}

fn may_end_group(node: &Node) -> bool {
    last_number(&node.hash).is_multiple_of(CUT_ONE_OF)
}

/// How many nodes the group has that begins with the first of these.
fn group_length(nodes: &[Node]) -> usize {
    let most = nodes.len().min(GROUP_MAX_NODES);
    let end = nodes[..most].iter().enumerate().skip(GROUP_MIN_NODES - 1).find(|(_, node)| may_end_group(node));
    end.map_or(most, |(place, _)| place + 1)
}

/// Whether a group that ends at one of two nodes so far apart is sure to be followed by one that ends at the other.
fn is_sure(distance: usize) -> bool {
    (GROUP_MIN_NODES..GROUP_MAX_NODES - 1).contains(&distance)
}

/// The first place at which a group ends, whatever comes before these nodes.
fn first_sure_cut(nodes: &[Node]) -> Option<usize> {
    let ends: Vec<usize> = (0..nodes.len()).filter(|place| may_end_group(&nodes[*place])).collect();
    sure(&ends).next()
}

/// The last one.
fn last_sure_cut(nodes: &[Node]) -> Option<usize> {
    let ends: Vec<usize> = (0..nodes.len()).filter(|place| may_end_group(&nodes[*place])).collect();
    sure(&ends).next_back()
}

fn sure(ends: &[usize]) -> impl DoubleEndedIterator<Item = usize> {
    ends.windows(3)
        .filter(|three| is_sure(three[1] - three[0]) && is_sure(three[2] - three[1]))
        .map(|three| three[1] + 1)
}
