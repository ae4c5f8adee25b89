//! Who is there and what they published: the catalog before it is written anywhere.
//!
//! Only what one repository needs to know of others is kept here, a few bytes of each; everything else is made up anew,
//! from the seed, when the repository is described.

use crate::parameters::{Parameters, Words, day_ms};
use crate::random::{Dice, Stream, Weighted, upper_quantile, upper_tail};
use crate::traits::{self, Trait};

/// No parent, no task, and so on.
pub(crate) const NONE: u32 = u32::MAX;

/// How a model came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    Base,
    Finetune,
    Adapter,
    Quantized,
    Merge,
}

impl Relation {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Finetune => "finetune",
            Self::Adapter => "adapter",
            Self::Quantized => "quantized",
            Self::Merge => "merge",
        }
    }
}

/// What is kept of a model.
pub(crate) struct Model {
    pub(crate) relation: Relation,
    pub(crate) parent: u32,
    pub(crate) task: u32,
    pub(crate) library: u32,
    pub(crate) license: u32,
    /// From which languages follow; [`NONE`] if it declares none.
    pub(crate) languages: u32,
    pub(crate) parameters: u64,
}

/// How much attention a repository has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Popularity {
    pub(crate) downloads: u64,
    pub(crate) downloads_30: u64,
    pub(crate) likes: u64,
}

/// The whole catalog.
pub(crate) struct Universe {
    pub(crate) seed: u64,
    pub(crate) scale: f64,
    pub(crate) parameters: Parameters,
    pub(crate) users: usize,
    pub(crate) organizations: usize,
    pub(crate) models: Vec<Model>,
    pub(crate) datasets: usize,
    pub(crate) spaces: usize,
    /// The owner of each repository: models first, then datasets, then Spaces. Organisations come after all people.
    pub(crate) owners: Vec<u32>,
    pub(crate) popularity: Vec<Popularity>,
    pub(crate) tasks: Words,
    pub(crate) libraries: Words,
    pub(crate) licenses: Words,
    pub(crate) languages: Words,
    pub(crate) linked: Weighted,
    pub(crate) linked_step: usize,
    calendar: Vec<(f64, f64)>,
    weekend: f64,
}

impl Universe {
    pub(crate) fn new(seed: u64, scale: f64) -> anyhow::Result<Self> {
        let parameters = Parameters::read()?;
        let sized =
            |name| Ok::<_, anyhow::Error>((parameters.number("scale", name)? * scale).round().max(40.0) as usize);
        let (count, datasets, spaces, users) =
            (sized("models")?, sized("datasets")?, sized("spaces")?, sized("users")?);
        let organizations = (parameters.number("owners", "organizations")? * scale).round().max(4.0) as usize;
        let both = |first: &str, second: &str| {
            let (mut all, more) = (parameters.words(first, "of")?, parameters.words(second, "of")?);
            all.words.extend(more.words);
            all.weights.extend(more.weights);
            Ok::<_, anyhow::Error>(all)
        };
        let (tasks, libraries) = (both("tasks", "other_tasks")?, both("libraries", "other_libraries")?);
        let (licenses, languages) = (parameters.words("licenses", "of")?, parameters.words("languages", "of")?);
        let linked = (datasets as f64 * parameters.number("dataset_links", "linked_share")?).max(10.0) as usize;
        let by_rank = Weighted::by_rank(
            linked,
            parameters.number("dataset_links", "rank_s")?,
            parameters.number("dataset_links", "rank_q")?,
        );
        let stock: Vec<(String, f64)> = parameters.words("calendar", "stock")?.into_pairs();
        let calendar =
            stock.iter().map(|(day, stock)| Ok((*stock, day_ms(day)? as f64))).collect::<anyhow::Result<Vec<_>>>()?;
        let weekend = parameters.number("calendar_noise", "weekend_factor")?;
        let mut universe = Self {
            seed,
            scale,
            users,
            organizations,
            models: Vec::new(),
            datasets,
            spaces,
            owners: Vec::new(),
            popularity: Vec::new(),
            tasks,
            libraries,
            licenses,
            languages,
            linked: by_rank,
            linked_step: datasets / linked.max(1),
            calendar,
            weekend,
            parameters,
        };
        universe.models = universe.relate(count)?;
        universe.declare()?;
        universe.size()?;
        universe.owners = universe.share_out()?;
        universe.popularity = universe.rank()?;
        Ok(universe)
    }

    pub(crate) fn repositories(&self) -> usize {
        self.models.len() + self.datasets + self.spaces
    }

    pub(crate) fn dice(&self, stream: Stream, index: usize) -> Dice {
        Dice::new(self.seed, stream, index as u64)
    }

    /// When the repository was created that comes so far in the order of its kind.
    pub(crate) fn created_ms(&self, repository: usize) -> i64 {
        let (index, of) = self.place(repository);
        let most = self.calendar.last().map_or(1.0, |(stock, _)| *stock);
        let stock = (index as f64 + 0.5) / of as f64 * most;
        let mut dice = self.dice(Stream::Moment, repository);
        let next = self.calendar.partition_point(|(known, _)| *known <= stock).min(self.calendar.len() - 1);
        if next == 0 {
            return self.calendar[0].1 as i64;
        }
        let ((low, from), (high, to)) = (self.calendar[next - 1], self.calendar[next]);
        let mut at = (from + (to - from) * (stock - low) / (high - low)) as i64;
        let weekday = (at.div_euclid(86_400_000) + 3).rem_euclid(7);
        if weekday >= 5 && !dice.chance(self.weekend) {
            at -= (weekday - 4) * 86_400_000;
        }
        at - at.rem_euclid(86_400_000) + dice.below(86_400_000) as i64
    }

    /// The end of the calendar.
    pub(crate) fn today_ms(&self) -> i64 {
        self.calendar.last().map_or(0, |(_, moment)| *moment as i64) + 86_400_000
    }

    /// The place of a repository among those of its kind, and how many there are.
    pub(crate) fn place(&self, repository: usize) -> (usize, usize) {
        let models = self.models.len();
        if repository < models {
            (repository, models)
        } else if repository < models + self.datasets {
            (repository - models, self.datasets)
        } else {
            (repository - models - self.datasets, self.spaces)
        }
    }

    /// Which model came from which.
    fn relate(&self, count: usize) -> anyhow::Result<Vec<Model>> {
        let number = |table, name| self.parameters.number(table, name);
        let share = Weighted::new([
            1.0 - number("relations", "finetune")?
                - number("relations", "adapter")?
                - number("relations", "quantized")?
                - number("relations", "merge")?,
            number("relations", "finetune")?,
            number("relations", "adapter")?,
            number("relations", "quantized")?,
            number("relations", "merge")?,
        ]);
        const ALL: [Relation; 5] =
            [Relation::Base, Relation::Finetune, Relation::Adapter, Relation::Quantized, Relation::Merge];
        let first = (count / 200).max(20);
        let relations: Vec<Relation> =
            (0..count)
                .map(|index| {
                    if index < first {
                        Relation::Base
                    } else {
                        ALL[share.draw(&mut self.dice(Stream::Relation, index))]
                    }
                })
                .collect();
        let eligible = [
            number("parents", "base")?,
            number("parents", "finetune")?,
            number("parents", "adapter")?,
            number("parents", "quantized")?,
            number("parents", "merge")?,
        ];
        // How well known a parent is: what nobody derived from others most, then the rest by chance.
        let mut ranked: Vec<(f64, u32)> = Vec::new();
        for (index, relation) in relations.iter().enumerate() {
            let mut dice = self.dice(Stream::Parent, index);
            let famous = index < 10;
            if famous || index < first && dice.chance(0.5) || dice.chance(eligible[*relation as usize]) {
                let class = [0.0, 1.6, 4.0, 3.0, 2.0][*relation as usize];
                let fame =
                    if famous { -100.0 + index as f64 } else { class + dice.gauss() + index as f64 / count as f64 };
                ranked.push((fame, index as u32));
            }
        }
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let most = (number("parents", "count")? * self.scale) as usize;
        ranked.truncate(most.max(20));
        let law = Weighted::by_rank(ranked.len(), number("parents", "rank_s")?, number("parents", "rank_q")?);
        let parent_of = |index: usize, relation: Relation| {
            if relation == Relation::Base {
                return NONE;
            }
            let mut dice = self.dice(Stream::Link, index);
            let rank = law.draw(&mut dice);
            let older = ranked[rank..].iter().find(|(_, parent)| (*parent as usize) < index);
            older.map_or(ranked[0].1, |(_, parent)| *parent)
        };
        let of = |(index, relation): (usize, Relation)| Model {
            relation,
            parent: parent_of(index, relation),
            task: NONE,
            library: NONE,
            license: NONE,
            languages: NONE,
            parameters: 0,
        };
        Ok(relations.into_iter().enumerate().map(of).collect())
    }

    /// Tasks, libraries, licences and languages, inherited or not.
    fn declare(&mut self) -> anyhow::Result<()> {
        let mut has_children = vec![false; self.models.len()];
        for model in &self.models {
            if model.parent != NONE {
                has_children[model.parent as usize] = true;
            }
        }
        let number = |table, name| self.parameters.number(table, name);
        let task = Trait {
            weights: &self.tasks.weights,
            declared: number("declared", "task")?,
            declared_by_parents: 0.8,
            inherited: 0.75,
            mutation: number("mutation", "task")?,
        };
        let license = Trait {
            weights: &self.licenses.weights,
            declared: number("declared", "license")?,
            declared_by_parents: 0.75,
            inherited: 0.6,
            mutation: number("mutation", "license")?,
        };
        let first = Trait {
            weights: &[1.0],
            declared: number("declared", "language")?,
            declared_by_parents: 0.35,
            inherited: 0.55,
            mutation: 0.0,
        };
        let seed = self.seed;
        let tasks = traits::assign(&task, &self.models, &has_children, seed ^ 1);
        let licenses = traits::assign(&license, &self.models, &has_children, seed ^ 2);
        let speaking = traits::assign(&first, &self.models, &has_children, seed ^ 3);
        let libraries = traits::libraries(self, &tasks)?;
        let mutation = self.parameters.number("mutation", "language")?;
        for index in 0..self.models.len() {
            let languages = if speaking[index] == NONE {
                NONE
            } else {
                let mut dice = self.dice(Stream::Trait, index);
                let inherited =
                    self.models.get(self.models[index].parent as usize).map_or(NONE, |parent| parent.languages);
                if inherited != NONE && !dice.chance(mutation) { inherited } else { index as u32 }
            };
            let model = &mut self.models[index];
            model.task = tasks[index];
            model.license = licenses[index];
            model.library = libraries[index];
            model.languages = languages;
        }
        Ok(())
    }

    /// Parameters, where known.
    fn size(&mut self) -> anyhow::Result<()> {
        let known = self.parameters.number("parameters", "known")?;
        let sigma = self.parameters.number("parameters", "sigma")?;
        let mixture = self.parameters.pairs("parameters", "mixture")?;
        let draw = Weighted::new(mixture.iter().map(|(share, _)| *share));
        for index in 0..self.models.len() {
            let mut dice = self.dice(Stream::Size, index);
            let inherited = self.models.get(self.models[index].parent as usize).map_or(0, |parent| parent.parameters);
            let fresh = (mixture[draw.draw(&mut dice)].1 * (sigma * dice.gauss()).exp()) as u64;
            let is_known = dice.chance(known);
            self.models[index].parameters = match (is_known, inherited) {
                (false, _) => 0,
                (true, 0) => fresh,
                (true, inherited) => inherited,
            };
        }
        Ok(())
    }

    /// Who owns what.
    fn share_out(&self) -> anyhow::Result<Vec<u32>> {
        let number = |name| self.parameters.number("owners", name);
        let (alpha, most) = (number("pareto_alpha")?, number("most")? * self.scale.min(1.0));
        let owning = (self.users as f64 * number("owning_share")?) as usize;
        let total = self.repositories();
        let mut slots: Vec<u32> = Vec::with_capacity(total + 1000);
        let mut owners: Vec<u32> = (0..owning as u32).collect();
        owners.extend((0..self.organizations).map(|org| (self.users + org) as u32));
        for owner in &owners {
            let mut dice = self.dice(Stream::Owner, *owner as usize);
            let pareto = (1.0 - dice.unit()).powf(-1.0 / alpha);
            let factor = if *owner as usize >= self.users { 3.0 } else { 1.0 };
            let owned = (pareto * factor).min(most.max(3.0)) as usize;
            slots.extend(std::iter::repeat_n(*owner, owned.max(1)));
        }
        let mut dice = self.dice(Stream::Slots, 0);
        while slots.len() < total {
            // Those who have much get the rest.
            let again = slots[dice.below(slots.len())];
            slots.push(again);
        }
        for at in (1..slots.len()).rev() {
            slots.swap(at, dice.below(at + 1));
        }
        slots.truncate(total);
        // A few publish most conversions.
        let factories = number("factories")? as usize;
        let sizes = Weighted::new((0..factories).map(|factory| 40.0_f64.powf(1.0 - factory as f64 / factories as f64)));
        for (index, model) in self.models.iter().enumerate() {
            let mut dice = self.dice(Stream::Rest, index);
            if model.relation == Relation::Quantized && dice.chance(0.6) {
                slots[index] = sizes.draw(&mut dice) as u32;
            }
        }
        Ok(slots)
    }

    /// Downloads and likes.
    fn rank(&self) -> anyhow::Result<Vec<Popularity>> {
        let number = |table, name| self.parameters.number(table, name);
        let weights = (number("rank", "owner")?, number("rank", "age")?, number("rank", "noise")?);
        let old = number("rank", "old_among_first_25")? as usize;
        let law = (number("downloads", "a")?, number("downloads", "b")?, number("downloads", "c")?);
        let ranks = number("downloads", "ranks")?;
        let recent = (number("downloads_recent", "factor")?, number("downloads_recent", "sigma")?);
        let lower = number("downloads_recent", "dataset_intercept")?;
        let correlation = number("likes", "correlation_with_downloads")?;
        let (alpha, most) = (number("likes", "alpha")?, number("likes", "most")?);
        let mut popularity = vec![Popularity::default(); self.repositories()];
        let models = self.models.len();
        let parts = [
            (0, models, number("likes", "zero_models")?, Some(0.0)),
            (models, self.datasets, number("likes", "zero_datasets")?, Some(lower)),
            (models + self.datasets, self.spaces, number("likes", "zero_spaces")?, None),
        ];
        for (start, count, zero, intercept) in parts {
            let score = |place: usize| {
                let repository = start + place;
                let mut of_owner = self.dice(Stream::Owner, 1 << 40 | self.owners[repository] as usize);
                let bonus = if self.owners[repository] as usize >= self.users { 1.0 } else { 0.0 };
                let noise = self.dice(Stream::Popularity, repository).gauss();
                let age = 1.0 - place as f64 / count as f64;
                weights.0 * (of_owner.gauss() + bonus) + weights.1 * age * 3.4 + weights.2 * noise
            };
            let mut order: Vec<(f64, u32)> = (0..count).map(|place| (score(place), place as u32)).collect();
            order.sort_by(|a, b| b.0.total_cmp(&a.0));
            if start == 0 {
                self.age_the_first(&mut order, old);
            }
            for (rank, (_, place)) in order.iter().enumerate() {
                let repository = start + *place as usize;
                let scaled = ((rank as f64 + 0.5) * ranks / count as f64).max(1.0).ln();
                let mut dice = self.dice(Stream::Likes, repository);
                let downloads = intercept
                    .map_or(0, |lower| (law.0 + lower + law.1 * scaled + law.2 * scaled * scaled).exp() as u64);
                let month = downloads as f64 * (recent.0 * (recent.1 * dice.gauss()).exp()).min(0.9);
                let known = upper_quantile((rank as f64 + 0.5) / count as f64);
                let liked = correlation * known + (1.0 - correlation * correlation).sqrt() * dice.gauss();
                let tail = upper_tail(liked) / (1.0 - zero);
                let likes = if tail < 1.0 { tail.powf(-1.0 / alpha).min(most) as u64 } else { 0 };
                popularity[repository] = Popularity { downloads, downloads_30: month as u64, likes };
            }
        }
        Ok(popularity)
    }

    /// Puts as many models of the first month among the 25 most downloaded as there are in truth.
    fn age_the_first(&self, order: &mut [(f64, u32)], old: usize) {
        let first_month = self.calendar[0].0 / self.calendar.last().map_or(1.0, |(stock, _)| *stock);
        let is_old = |place: u32| (f64::from(place)) < first_month * self.models.len() as f64;
        let top = 25.min(order.len());
        let (mut wanted, mut others) = (Vec::new(), Vec::new());
        for (at, (_, place)) in order.iter().enumerate() {
            let list = if is_old(*place) { &mut wanted } else { &mut others };
            let limit = if is_old(*place) { old } else { top - old.min(top) };
            if list.len() < limit {
                list.push(at);
            }
            if wanted.len() + others.len() == top {
                break;
            }
        }
        wanted.extend(others);
        wanted.sort_unstable();
        for (to, from) in wanted.into_iter().enumerate() {
            order.swap(to, from);
        }
    }
}
