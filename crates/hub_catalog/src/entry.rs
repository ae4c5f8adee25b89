//! A repository as the index sees it: what it can be found by, and by what it can be sorted.

/// What a term says about a repository. Terms of one group can be counted as a facet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Group {
    /// A tag as clients filter by it, such as `license:mit` or `safetensors`.
    Tag,
    /// The person or organisation, in lower case.
    Author,
    /// What a model or dataset is for, such as `text-generation`.
    Task,
    /// The library that loads a model.
    Library,
    /// A natural language, by its code.
    Language,
    /// The licence.
    License,
    /// A format of files, such as `gguf`.
    Format,
    /// `yes` for repositories whose files are shown only on request.
    Gated,
    /// What runs a Space: `gradio`, `docker`, `static`.
    Sdk,
    /// How a model's numbers were made smaller, such as `4-bit` or `gptq`.
    Quantization,
    /// The model that this one was made from: `namespace/name`.
    Base,
    /// A dataset that a model was trained on.
    Dataset,
    /// How many rows a dataset has, as a class such as `1K<n<10K`.
    Size,
    /// What a dataset holds: `text`, `image`, `audio`.
    Modality,
    /// The region in which it is stored.
    Region,
    /// `yes` for Spaces that use some model or dataset.
    Uses,
}

impl Group {
    /// All of them. The place of each is its number in snapshots: new ones come last.
    pub const ALL: [Group; 16] = [
        Group::Tag,
        Group::Author,
        Group::Task,
        Group::Library,
        Group::Language,
        Group::License,
        Group::Format,
        Group::Gated,
        Group::Sdk,
        Group::Quantization,
        Group::Base,
        Group::Dataset,
        Group::Size,
        Group::Modality,
        Group::Region,
        Group::Uses,
    ];
}

/// Something that a repository can be found by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Term {
    /// What it says.
    pub group: Group,
    /// The word.
    pub value: Box<str>,
}

impl Term {
    /// A term of a group.
    pub fn new(group: Group, value: impl Into<Box<str>>) -> Self {
        Self { group, value: value.into() }
    }
}

/// A number by which lists are sorted. Missing numbers count as the smallest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Sort {
    /// When it was created.
    Created,
    /// When it last changed.
    Modified,
    /// Downloads of the last 30 days.
    Downloads,
    /// Likes.
    Likes,
    /// The trending score.
    #[default]
    Trending,
    /// Parameters of a model.
    Parameters,
    /// The bytes of its files.
    Bytes,
    /// The memory that a model needs to run, in bytes, as [`crate::memory_of`] estimates it.
    Memory,
}

impl Sort {
    /// All of them, in the order of [`Entry::numbers`].
    pub const ALL: [Sort; 8] = [
        Sort::Created,
        Sort::Modified,
        Sort::Downloads,
        Sort::Likes,
        Sort::Trending,
        Sort::Parameters,
        Sort::Bytes,
        Sort::Memory,
    ];
}

/// The value of a number that a repository does not have.
pub const MISSING: i64 = -1;

/// A repository as the index sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its key.
    pub id: i64,
    /// The key of its owner.
    pub owner: i64,
    /// `namespace/name` in lower case.
    pub name: String,
    /// Whether everyone may know of it.
    pub public: bool,
    /// A number per [`Sort`], in the order of [`Sort::ALL`]: moments in milliseconds, counts, or [`MISSING`].
    pub numbers: [i64; Sort::ALL.len()],
    /// What it can be found by, each once.
    pub terms: Vec<Term>,
}

impl Entry {
    /// The number of a sort.
    pub fn number(&self, sort: Sort) -> i64 {
        self.numbers[sort as usize]
    }
}
