//! All repositories of one kind, indexed.
//!
//! A repository is a document with a small number of its own. Bitmaps of documents per term answer filters, sorted runs
//! answer order, columns answer the rest. A change costs the same however many documents there are.

mod arena;
mod docs;
mod facets;
mod gather;
mod names;
mod numbered;
mod order;
mod ranges;
mod terms;
mod words;

use std::borrow::Cow;
use std::collections::HashMap;

use roaring::{MultiOps, RoaringBitmap};

use crate::entry::{Entry, Group, MISSING, Sort};
use crate::query::{Clause, Found, Place, Query};
use crate::stop::Stop;

use arena::{Arena, grow};
use gather::Gather;
use names::{GatheredNames, Names, intersection};
use order::Order;
use ranges::{BINS, Ranges, bin};
use terms::{GatheredTerms, Terms};

pub(crate) use terms::TermId;

pub(crate) const SORTS: usize = Sort::ALL.len();
/// So many matching documents are sorted in less time than it takes to look for them in the order.
const FEW: u64 = 20_000;

/// The names of so many documents can be looked at for each letter that someone types.
const RANKED: u64 = 60_000;

/// The index of one kind of repository.
#[derive(Default)]
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
    /// The terms, and the documents that have each.
    terms: Terms,
    /// The terms of each document, the highest first.
    terms_of: Arena<TermId>,
    /// The documents that not everyone may know of, in all and by owner.
    hidden: RoaringBitmap,
    hidden_of: HashMap<i64, RoaringBitmap>,
    /// What was added of a shelf that is not asked yet.
    gathered: Gathered,
}

/// An entry whose terms have their numbers.
pub(crate) struct Placed<'a> {
    pub(crate) id: i64,
    pub(crate) owner: i64,
    pub(crate) name: &'a str,
    pub(crate) public: bool,
    pub(crate) numbers: [i64; SORTS],
    /// The highest first.
    pub(crate) terms: &'a [TermId],
}

impl<'a> Placed<'a> {
    fn of(entry: &'a Entry, terms: &'a [TermId]) -> Self {
        let Entry { id, owner, name, public, numbers, .. } = entry;
        Self { id: *id, owner: *owner, name, public: *public, numbers: *numbers, terms }
    }
}

/// Documents that were added and are not known to the bitmaps yet.
#[derive(Default)]
struct Gathered {
    /// The first of them.
    from: u32,
    terms: GatheredTerms,
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
        let terms = self.intern_all(entry);
        self.add_placed(&Placed::of(entry, &terms));
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
        let terms = self.intern_all(entry);
        let placed = Placed::of(entry, &terms);
        let doc = self.write(&placed);
        self.index(doc, &placed);
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
        for term in self.terms_of.get(doc) {
            self.terms.remove(*term, doc);
        }
        self.terms_of.remove(doc);
        if self.hidden.remove(doc)
            && let Some(hidden) = self.hidden_of.get_mut(&self.owners[doc as usize])
        {
            hidden.remove(doc);
        }
        self.live.remove(doc);
        self.free.push(doc);
    }

    /// Writes the columns of an entry.
    fn write(&mut self, placed: &Placed<'_>) -> u32 {
        let doc = self.free.pop().unwrap_or(self.ids.len() as u32);
        if doc as usize == self.ids.len() {
            for column in [&mut self.ids, &mut self.owners].into_iter().chain(&mut self.numbers) {
                grow(column, 1);
                column.push(0);
            }
        }
        self.terms_of.set(doc, placed.terms);
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
    fn index(&mut self, doc: u32, placed: &Placed<'_>) {
        for (sort, number) in placed.numbers.into_iter().enumerate() {
            self.ranges[sort].insert(doc, number);
        }
        self.names.insert(doc, placed.name);
        for term in placed.terms {
            self.terms.insert(*term, doc);
        }
        self.live.insert(doc);
    }

    /// Makes the documents known that were added since the last time.
    fn settle(&mut self) {
        let Self { gathered, terms, ranges, names, .. } = self;
        terms.settle(&mut gathered.terms);
        gathered.ranges.settle(SORTS * BINS, |place, docs| ranges[place / BINS].append((place % BINS) as u16, docs));
        names.settle(&mut gathered.names);
        let end = self.ids.len() as u32;
        self.live.insert_range(gathered.from..end);
        gathered.from = end;
    }

    fn intern_all(&mut self, entry: &Entry) -> Vec<TermId> {
        let mut terms: Vec<TermId> = entry.terms.iter().map(|term| self.intern(term.group, &term.value)).collect();
        terms.sort_unstable_by(|a, b| b.cmp(a));
        terms
    }

    /// The number of a term, which may be new.
    pub(crate) fn intern(&mut self, group: Group, value: &str) -> TermId {
        self.terms.intern(group, value)
    }

    /// As [`Shelf::add`], for an entry whose terms are known by number.
    pub(crate) fn add_placed(&mut self, placed: &Placed<'_>) {
        let doc = self.write(placed);
        for (sort, number) in placed.numbers.into_iter().enumerate().filter(|(_, number)| *number != MISSING) {
            self.gathered.ranges.note(sort * BINS + usize::from(bin(number)), doc);
        }
        self.names.gather(doc, placed.name, &mut self.gathered.names);
        for term in placed.terms {
            self.gathered.terms.note(*term, doc);
        }
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
            terms: self.terms_of.get(doc),
        })
    }

    /// The term of a number.
    pub(crate) fn term(&self, id: TermId) -> (Group, &str) {
        self.terms.term(id)
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
        let (several, single): (Vec<&Clause>, Vec<&Clause>) =
            query.clauses.iter().filter(|clause| !clause.negated).partition(|clause| clause.terms.len() != 1);
        let mut wanted: Vec<Cow<'_, RoaringBitmap>> =
            single.into_iter().map(|clause| self.terms.posting(&clause.terms[0]).unwrap_or_default()).collect();
        let spans = query.spans.iter().map(|span| {
            let numbers = &self.numbers[span.number as usize];
            let (min, max) = (span.min.unwrap_or(0), span.max.unwrap_or(i64::MAX));
            self.ranges[span.number as usize].between(min, max, |doc| numbers[doc as usize])
        });
        wanted.extend(several.into_iter().map(|clause| self.union(clause)).chain(spans).map(Cow::Owned));
        let mut matching = (!wanted.is_empty()).then(|| intersection(wanted.iter().map(|docs| &**docs).collect()));
        for clause in query.clauses.iter().filter(|clause| clause.negated) {
            for posting in clause.terms.iter().filter_map(|term| self.terms.posting(term)) {
                *matching.get_or_insert_with(|| self.live.clone()) -= &*posting;
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

    fn union(&self, clause: &Clause) -> RoaringBitmap {
        let postings: Vec<_> = clause.terms.iter().filter_map(|term| self.terms.posting(term)).collect();
        postings.iter().map(|docs| &**docs).union()
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
