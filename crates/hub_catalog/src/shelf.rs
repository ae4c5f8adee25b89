//! All repositories of one kind, indexed.
//!
//! A repository is a document with a small number of its own. Bitmaps of documents per term answer filters, sorted runs
//! answer order, columns answer the rest. A change costs the same however many documents there are.

mod facets;
mod gather;
mod names;
mod order;
mod ranges;
mod words;

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::entry::{Entry, Group, MISSING, Sort, Term};
use crate::query::{Clause, Found, Place, Query};
use crate::stop::Stop;

use facets::InGroup;
use gather::{Gather, append};
use names::{GatheredNames, Names, intersection};
use order::Order;
use ranges::{BINS, Ranges, bin};

pub(crate) const SORTS: usize = Sort::ALL.len();
/// So many matching documents are sorted in less time than it takes to look for them in the order.
const FEW: u64 = 20_000;

/// The names of so many documents can be looked at for each letter that someone types.
const RANKED: u64 = 60_000;

/// The index of one kind of repository.
pub struct Shelf {
    /// The documents that are there.
    live: RoaringBitmap,
    /// Numbers of documents that went away, to be given again.
    free: Vec<u32>,
    by_id: HashMap<i64, u32>,
    ids: Vec<i64>,
    owners: Vec<i64>,
    /// A column per sort.
    numbers: [Vec<i64>; SORTS],
    orders: [Order; SORTS],
    ranges: [Ranges; SORTS],
    names: Names,
    /// The number of each term, and the documents that have it.
    term_of: HashMap<Term, u32>,
    terms: Vec<Term>,
    postings: Vec<RoaringBitmap>,
    group_of: Vec<InGroup>,
    /// The terms of a group.
    in_group: HashMap<Group, Vec<u32>>,
    /// The terms of each document.
    terms_of: Vec<Box<[u32]>>,
    /// The documents that not everyone may know of, in all and by owner.
    hidden: RoaringBitmap,
    hidden_of: HashMap<i64, RoaringBitmap>,
    /// What was added of a shelf that is not asked yet.
    gathered: Gathered,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            live: RoaringBitmap::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            ids: Vec::new(),
            owners: Vec::new(),
            numbers: Default::default(),
            orders: Default::default(),
            ranges: Default::default(),
            names: Names::default(),
            term_of: HashMap::new(),
            terms: Vec::new(),
            postings: Vec::new(),
            group_of: Vec::new(),
            in_group: HashMap::new(),
            terms_of: Vec::new(),
            hidden: RoaringBitmap::new(),
            hidden_of: HashMap::new(),
            gathered: Gathered::default(),
        }
    }
}

/// An entry whose terms have their numbers.
pub(crate) struct Placed<'a> {
    pub(crate) id: i64,
    pub(crate) owner: i64,
    pub(crate) name: &'a str,
    pub(crate) public: bool,
    pub(crate) numbers: [i64; SORTS],
    pub(crate) terms: Box<[u32]>,
}

impl<'a> Placed<'a> {
    fn of(entry: &'a Entry, terms: Box<[u32]>) -> Self {
        let Entry { id, owner, name, public, numbers, .. } = entry;
        Self { id: *id, owner: *owner, name, public: *public, numbers: *numbers, terms }
    }
}

/// Documents that were added and are not known to the bitmaps yet.
#[derive(Default)]
struct Gathered {
    /// The first of them.
    from: u32,
    postings: Gather,
    ranges: Gather,
    names: GatheredNames,
}

/// So many documents are gathered before they are made known: what is gathered of them takes some 25 MB.
const GATHERED: u32 = 1 << 16;

impl Shelf {
    /// How many repositories there are.
    pub fn len(&self) -> u64 {
        self.live.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Indexes many repositories at once, which is faster than one after another. No key may come twice.
    pub fn fill(entries: impl Iterator<Item = Entry>) -> Self {
        let mut shelf = Self::default();
        for entry in entries {
            shelf.add(&entry);
        }
        shelf.finish()
    }

    /// Adds one of many new repositories to a shelf that is not asked yet: [`Shelf::finish`] puts them in order.
    pub fn add(&mut self, entry: &Entry) {
        let terms = entry.terms.iter().map(|term| self.intern(term)).collect();
        self.add_placed(Placed::of(entry, terms));
    }

    /// Puts everything that was added in order.
    pub fn finish(mut self) -> Self {
        self.settle();
        self.gathered = Gathered::default();
        let docs: Vec<u32> = self.live.iter().collect();
        // Two at a time: this is most of the time of a start, and two cores are what there is.
        let order = |sort: usize| {
            let key = |doc: &u32| (self.numbers[sort][*doc as usize], self.ids[*doc as usize], *doc);
            let mut keys: Vec<(i64, i64, u32)> = docs.iter().map(key).collect();
            keys.sort_unstable();
            Order::of_sorted(keys.into_iter().map(|(_, _, doc)| doc))
        };
        const HALF: usize = SORTS / 2;
        let orders: Vec<Order> = std::thread::scope(|scope| {
            let first = scope.spawn(|| (0..HALF).map(order).collect::<Vec<_>>());
            let second: Vec<Order> = (HALF..SORTS).map(order).collect();
            first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).into_iter().chain(second).collect()
        });
        for (place, order) in self.orders.iter_mut().zip(orders) {
            *place = order;
        }
        self
    }

    /// Adds a repository, or replaces what was known of it.
    pub fn put(&mut self, entry: &Entry) {
        self.remove(entry.id);
        let terms = entry.terms.iter().map(|term| self.intern(term)).collect();
        let placed = Placed::of(entry, terms);
        let doc = self.write(&placed);
        self.index(doc, placed);
        for sort in 0..SORTS {
            let (numbers, ids) = (&self.numbers[sort], &self.ids);
            self.orders[sort].insert(doc, |doc| place(numbers, ids, doc));
        }
    }

    /// Removes a repository, if it is there.
    pub fn remove(&mut self, id: i64) {
        let Some(doc) = self.by_id.remove(&id) else { return };
        for sort in 0..SORTS {
            let (numbers, ids) = (&self.numbers[sort], &self.ids);
            self.orders[sort].remove(doc, |doc| place(numbers, ids, doc));
            self.ranges[sort].remove(doc, self.numbers[sort][doc as usize]);
        }
        self.names.remove(doc);
        for term in std::mem::take(&mut self.terms_of[doc as usize]) {
            self.postings[term as usize].remove(doc);
        }
        if self.hidden.remove(doc)
            && let Some(hidden) = self.hidden_of.get_mut(&self.owners[doc as usize])
        {
            hidden.remove(doc);
        }
        self.live.remove(doc);
        self.free.push(doc);
    }

    /// Writes the columns of an entry, those of its number in the list but the terms.
    fn write(&mut self, placed: &Placed<'_>) -> u32 {
        let doc = self.free.pop().unwrap_or(self.ids.len() as u32);
        if doc as usize == self.ids.len() {
            self.ids.push(placed.id);
            self.owners.push(placed.owner);
            self.terms_of.push(Box::default());
            self.numbers.iter_mut().for_each(|column| column.push(0));
        }
        self.ids[doc as usize] = placed.id;
        self.owners[doc as usize] = placed.owner;
        for (sort, number) in placed.numbers.into_iter().enumerate() {
            self.numbers[sort][doc as usize] = number;
        }
        if !placed.public {
            self.hidden.insert(doc);
            self.hidden_of.entry(placed.owner).or_default().insert(doc);
        }
        self.by_id.insert(placed.id, doc);
        doc
    }

    /// Makes a document known to everything but the orders.
    fn index(&mut self, doc: u32, placed: Placed<'_>) {
        for (sort, number) in placed.numbers.into_iter().enumerate() {
            self.ranges[sort].insert(doc, number);
        }
        self.names.insert(doc, placed.name);
        for term in &placed.terms {
            self.postings[*term as usize].insert(doc);
        }
        self.terms_of[doc as usize] = placed.terms;
        self.live.insert(doc);
    }

    /// Makes the documents known that were added since the last time.
    fn settle(&mut self) {
        let Self { gathered, postings, ranges, names, .. } = self;
        gathered.postings.settle(postings.len(), |term, docs| append(&mut postings[term], docs));
        gathered.ranges.settle(SORTS * BINS, |place, docs| ranges[place / BINS].append((place % BINS) as u16, docs));
        names.settle(&mut gathered.names);
        let end = self.ids.len() as u32;
        self.live.insert_range(gathered.from..end);
        gathered.from = end;
    }

    pub(crate) fn intern(&mut self, term: &Term) -> u32 {
        if let Some(number) = self.term_of.get(term) {
            return *number;
        }
        let number = self.terms.len() as u32;
        self.term_of.insert(term.clone(), number);
        let same = self.in_group.entry(term.group).or_default();
        self.group_of.push(InGroup { group: term.group, place: same.len() as u32 });
        same.push(number);
        self.terms.push(term.clone());
        self.postings.push(RoaringBitmap::new());
        number
    }

    /// As [`Shelf::add`], for an entry whose terms are known by number.
    pub(crate) fn add_placed(&mut self, placed: Placed<'_>) {
        let doc = self.write(&placed);
        for (sort, number) in placed.numbers.into_iter().enumerate().filter(|(_, number)| *number != MISSING) {
            self.gathered.ranges.note(sort * BINS + usize::from(bin(number)), doc);
        }
        self.names.gather(doc, placed.name, &mut self.gathered.names);
        for term in &placed.terms {
            self.gathered.postings.note(*term as usize, doc);
        }
        self.terms_of[doc as usize] = placed.terms;
        if doc - self.gathered.from >= GATHERED {
            self.settle();
        }
    }

    /// One more than the highest number of a document.
    pub(crate) fn end(&self) -> u32 {
        self.ids.len() as u32
    }

    /// The repository of a document, if there is one.
    pub(crate) fn placed(&self, doc: u32) -> Option<Placed<'_>> {
        let at = doc as usize;
        self.live.contains(doc).then(|| Placed {
            id: self.ids[at],
            owner: self.owners[at],
            name: self.names.get(doc),
            public: !self.hidden.contains(doc),
            numbers: std::array::from_fn(|sort| self.numbers[sort][at]),
            terms: self.terms_of[at].clone(),
        })
    }

    /// The term of a number.
    pub(crate) fn term(&self, number: u32) -> Option<&Term> {
        self.terms.get(number as usize)
    }

    fn place_of(&self, sort: usize, doc: u32) -> Place {
        place(&self.numbers[sort], &self.ids, doc)
    }

    /// What matches, for someone who may know of the hidden repositories of `owners`.
    pub fn find(&self, query: &Query, owners: &[i64], stop: &Stop) -> Found {
        let matching = self.matching(query, owners, stop);
        let matching = matching.as_ref().unwrap_or(&self.live);
        let limit = query.limit.max(1);
        let best = if query.best { self.best(query, matching, limit + 1) } else { None };
        let mut page = best.unwrap_or_else(|| self.page(query, matching, limit + 1));
        let more = page.len() > limit;
        page.truncate(limit);
        let facets = self.facets(&query.facets, matching, query.facet_terms, stop);
        let bands = self.count_bands(&query.bands, matching, stop);
        Found { page, more, total: matching.len(), facets, bands }
    }

    /// The documents that match; `None` stands for all.
    fn matching(&self, query: &Query, owners: &[i64], stop: &Stop) -> Option<RoaringBitmap> {
        let mut wanted: Vec<&RoaringBitmap> = Vec::new();
        let nothing = RoaringBitmap::new();
        let (several, single): (Vec<&Clause>, Vec<&Clause>) =
            query.clauses.iter().filter(|clause| !clause.negated).partition(|clause| clause.terms.len() != 1);
        for clause in single {
            wanted.push(self.posting(&clause.terms[0]).unwrap_or(&nothing));
        }
        let spans = query.spans.iter().map(|span| {
            let numbers = &self.numbers[span.number as usize];
            let (min, max) = (span.min.unwrap_or(0), span.max.unwrap_or(i64::MAX));
            self.ranges[span.number as usize].between(min, max, |doc| numbers[doc as usize])
        });
        let unions: Vec<RoaringBitmap> = several.into_iter().map(|clause| self.union(clause)).chain(spans).collect();
        wanted.extend(&unions);
        let mut matching = (!wanted.is_empty()).then(|| intersection(wanted));
        for clause in query.clauses.iter().filter(|clause| clause.negated) {
            for posting in clause.terms.iter().filter_map(|term| self.posting(term)) {
                *matching.get_or_insert_with(|| self.live.clone()) -= posting;
            }
        }
        for text in query.texts.iter().filter(|text| !text.is_empty() && !stop.is_set()) {
            let text = text.to_lowercase();
            let mut found = self.names.holding(&text, matching.as_ref());
            if query.forgiving && found.is_empty() {
                found = self.names.nearly_holding(&text, matching.as_ref());
            }
            matching = Some(found);
        }
        self.without_secrets(matching, owners)
    }

    /// Takes away what the caller may not know of.
    fn without_secrets(&self, matching: Option<RoaringBitmap>, owners: &[i64]) -> Option<RoaringBitmap> {
        if self.hidden.is_empty() {
            return matching;
        }
        let mut secret = self.hidden.clone();
        for own in owners.iter().filter_map(|owner| self.hidden_of.get(owner)) {
            secret -= own;
        }
        let mut matching = matching.unwrap_or_else(|| self.live.clone());
        matching -= secret;
        Some(matching)
    }

    fn posting(&self, term: &Term) -> Option<&RoaringBitmap> {
        self.term_of.get(term).map(|number| &self.postings[*number as usize])
    }

    fn union(&self, clause: &Clause) -> RoaringBitmap {
        clause.terms.iter().filter_map(|term| self.posting(term)).fold(RoaringBitmap::new(), |all, docs| all | docs)
    }

    /// The first places of the matching documents, by the query's order.
    fn page(&self, query: &Query, matching: &RoaringBitmap, limit: usize) -> Vec<Place> {
        let sort = query.sort as usize;
        let total = matching.len();
        // Where every n-th document matches, a walk along the order finds the page after about n times its length.
        let walk = (limit as u64).saturating_mul(self.live.len()) / total.max(1);
        if total > FEW && walk < total {
            // Matches may all lie at the far end; then sorting them is the better way after all.
            if let Some(page) = self.walk(query, matching, limit, total) {
                return page;
            }
        }
        let beyond = |place: &Place| match query.after {
            None => true,
            Some(after) if query.ascending => *place > after,
            Some(after) => *place < after,
        };
        let mut places: Vec<Place> = matching.iter().map(|doc| self.place_of(sort, doc)).filter(beyond).collect();
        let by_order = |a: &Place, b: &Place| if query.ascending { a.cmp(b) } else { b.cmp(a) };
        if places.len() > limit {
            places.select_nth_unstable_by(limit, by_order);
            places.truncate(limit);
        }
        places.sort_unstable_by(by_order);
        places
    }

    /// The places of the documents whose names fit the texts best; `None` if there are too many to look at each.
    fn best(&self, query: &Query, matching: &RoaringBitmap, limit: usize) -> Option<Vec<Place>> {
        let sort = query.sort as usize;
        if matching.len() > RANKED || query.after.is_some() {
            return None;
        }
        let texts: Vec<String> = query.texts.iter().map(|text| text.to_lowercase()).collect();
        let fit = |doc| texts.iter().map(|text| names::fit(self.names.get(doc), text)).sum::<u32>();
        let mut found: Vec<(u32, Place)> = matching.iter().map(|doc| (fit(doc), self.place_of(sort, doc))).collect();
        let by_fit = |a: &(u32, Place), b: &(u32, Place)| b.cmp(a);
        if found.len() > limit {
            found.select_nth_unstable_by(limit, by_fit);
            found.truncate(limit);
        }
        found.sort_unstable_by(by_fit);
        Some(found.into_iter().map(|(_, place)| place).collect())
    }

    /// Goes along the order from where the page begins; `None` if the page is not full after `budget` documents.
    fn walk(&self, query: &Query, matching: &RoaringBitmap, limit: usize, budget: u64) -> Option<Vec<Place>> {
        let sort = query.sort as usize;
        let order = &self.orders[sort];
        let at = |doc| self.place_of(sort, doc);
        let docs: Box<dyn Iterator<Item = u32>> = match query.ascending {
            true => Box::new(order.ascending(query.after, at)),
            false => Box::new(order.descending(query.after, at)),
        };
        let mut page = Vec::with_capacity(limit);
        let mut looked = 0;
        for doc in docs {
            if matching.contains(doc) {
                page.push(at(doc));
                if page.len() == limit {
                    return Some(page);
                }
            }
            looked += 1;
            if looked > budget {
                return None;
            }
        }
        Some(page)
    }
}

fn place(numbers: &[i64], ids: &[i64], doc: u32) -> Place {
    Place { number: numbers[doc as usize], id: ids[doc as usize] }
}

#[cfg(test)]
mod tests;
