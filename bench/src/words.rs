//! Names and texts: what people would have called it, and what they would have written about it.

use crate::random::{Dice, Stream, Weighted};
use crate::universe::{Model, NONE, Relation, Universe};

const FIRST: &[&str] = &[
    "amara", "anders", "aoi", "arjun", "ben", "camille", "carlos", "chidi", "dana", "devika", "elif", "emeka", "erik",
    "fatima", "felix", "giulia", "hana", "hiro", "ines", "ivan", "jonas", "julia", "kai", "karim", "lea", "liang",
    "lucas", "maja", "mateo", "mei", "mina", "nadia", "niko", "noor", "omar", "pablo", "priya", "quentin", "rania",
    "ravi", "sara", "sofia", "tariq", "thandi", "tomas", "uma", "viktor", "wei", "yara", "yuki", "zara", "zoe",
];
const LAST: &[&str] = &[
    "alvarez", "bakker", "banerjee", "chen", "costa", "dubois", "eriksen", "farouk", "garcia", "haddad", "ito",
    "jansen", "kaya", "kim", "kovac", "kumar", "larsen", "li", "lopez", "mbeki", "mueller", "nakamura", "nguyen",
    "novak", "okafor", "osei", "park", "petrov", "quispe", "rossi", "sato", "schmidt", "silva", "singh", "tanaka",
    "vega", "wang", "weber", "wu", "yilmaz", "zhang", "zhou", "data", "labs", "dev", "ml", "codes", "nlp", "vision",
    "bot",
];
const PLACES: &[&str] = &[
    "northwind",
    "lumen",
    "harbor",
    "granite",
    "open",
    "deep",
    "blue",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "glacier",
    "horizon",
    "indigo",
    "juniper",
    "kestrel",
    "lagoon",
    "meridian",
    "nimbus",
    "orchid",
    "polar",
    "quartz",
    "river",
    "summit",
    "tundra",
    "umbra",
    "valley",
    "willow",
    "xenon",
    "zephyr",
];
const ORGANIZATIONS: &[&str] = &[
    "ai",
    "lab",
    "research",
    "university",
    "institute",
    "robotics",
    "health",
    "speech",
    "vision",
    "community",
    "team",
    "foundation",
    "systems",
    "works",
    "collective",
];
/// The parents of most models, by their published rank.
const FAMOUS: [&str; 10] = [
    "FLUX.1-dev",
    "Qwen1.5-0.5B",
    "Qwen1.5-1.8B",
    "gemma-2b",
    "gemma-7b",
    "distilbert-base-uncased",
    "stable-diffusion-xl-base-1.0",
    "Qwen1.5-7B",
    "bert-base-uncased",
    "bert-base-arabertv02",
];
const FAMILIES: &[&str] = &[
    "bert",
    "roberta",
    "gpt2",
    "llama",
    "Llama-3",
    "mistral",
    "Mixtral",
    "qwen2",
    "Qwen2.5",
    "gemma-2",
    "phi",
    "t5",
    "flan-t5",
    "whisper",
    "wav2vec2",
    "vit",
    "swin",
    "detr",
    "deit",
    "clip",
    "electra",
    "deberta-v3",
    "falcon",
    "bloom",
    "opt",
    "pythia",
    "stablelm",
    "olmo",
    "smollm",
    "xlm-roberta",
    "mbart",
    "marian",
    "bart",
    "pegasus",
    "longformer",
    "camembert",
    "codegen",
    "starcoder",
    "yi",
    "internlm",
    "baichuan",
    "deepseek",
    "minicpm",
    "granite",
    "mamba",
    "rwkv",
];
const VARIANTS: &[&str] = &[
    "base",
    "large",
    "small",
    "instruct",
    "chat",
    "v2",
    "v3",
    "tiny",
    "uncased",
    "cased",
    "it",
    "preview",
    "distilled",
    "reasoning",
    "vision",
    "code",
    "math",
    "long",
    "multilingual",
];
const TOPICS: &[&str] = &[
    "sentiment",
    "ner",
    "squad",
    "emotion",
    "imdb",
    "medical",
    "legal",
    "finance",
    "news",
    "summarization",
    "toxicity",
    "recipes",
    "poetry",
    "sql",
    "python",
    "chat",
    "support",
    "radiology",
    "satellite",
    "birds",
    "plants",
    "traffic",
    "speech",
    "accent",
    "music",
    "ocr",
    "invoices",
    "tweets",
    "reviews",
    "chemistry",
    "protein",
    "genomics",
    "weather",
    "energy",
    "football",
    "chess",
    "anime",
    "portrait",
    "landscape",
    "fashion",
    "food",
    "cats",
    "dogs",
    "faces",
    "hands",
    "documents",
    "tables",
    "charts",
    "maths",
    "physics",
    "history",
    "law",
    "patents",
    "wiki",
    "books",
    "lyrics",
];
const GAMES: &[&str] = &[
    "LunarLander-v2",
    "FrozenLake-v1-4x4-noSlippery",
    "Taxi-v3",
    "CartPole-v1",
    "PandaReachDense-v3",
    "Pyramids",
    "Huggy",
    "SnowballTarget",
    "SpaceInvadersNoFrameskip-v4",
    "PixelCopter",
    "Acrobot-v1",
    "AntBulletEnv-v0",
    "BipedalWalker-v3",
];
const PLAIN: &[&str] = &[
    "my_model",
    "test",
    "results",
    "output",
    "finetuned-model",
    "my_awesome_model",
    "checkpoint",
    "experiment",
    "demo",
    "trained",
    "model",
    "outputs",
    "first-try",
    "final",
    "homework",
    "project",
    "trainer",
    "working",
];
/// The words of prose, the common ones first.
const COMMON: &[&str] = &[
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "model",
    "is",
    "for",
    "this",
    "on",
    "with",
    "was",
    "data",
    "training",
    "are",
    "it",
    "be",
    "by",
    "from",
    "that",
    "dataset",
    "as",
    "trained",
    "used",
    "an",
    "or",
    "fine",
    "tuned",
    "can",
    "results",
    "evaluation",
    "text",
    "language",
    "use",
    "not",
    "we",
    "you",
    "more",
    "information",
    "needed",
    "set",
    "loss",
    "learning",
    "rate",
    "batch",
    "size",
    "steps",
    "version",
    "license",
    "based",
    "using",
    "test",
    "accuracy",
    "score",
    "task",
    "input",
    "output",
    "generation",
    "large",
    "tokens",
    "context",
    "images",
    "audio",
    "speech",
    "quality",
    "performance",
    "parameters",
    "weights",
    "inference",
    "memory",
    "memory",
    "benchmark",
    "prompt",
    "instruction",
    "chat",
    "reasoning",
    "code",
    "example",
    "usage",
    "limitations",
    "bias",
    "intended",
    "uses",
    "citation",
    "paper",
    "architecture",
    "layers",
    "attention",
    "transformer",
    "tokenizer",
    "vocabulary",
    "sequence",
    "length",
    "optimizer",
    "adam",
    "warmup",
    "epochs",
];
const SYLLABLES: &[&str] = &[
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta", "ve", "wi", "xo",
    "zu", "bra", "cle", "dri", "flo", "gru", "sha", "the", "pli", "sno", "tru", "lan", "mer", "nis", "ton", "var",
];
/// Words that free tags and prose choose from.
pub(crate) const VOCABULARY: usize = 20_000;

/// A word of the vocabulary; each has one spelling.
pub(crate) fn word(number: usize) -> String {
    if let Some(known) = TOPICS.get(number) {
        return (*known).to_owned();
    }
    let mut rest = number - TOPICS.len() + SYLLABLES.len();
    let mut text = String::new();
    while rest > 0 {
        text.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    text
}

fn base36(mut number: usize) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.reverse();
    String::from_utf8_lossy(&digits).into_owned()
}

/// The name of a person or, beyond them, of an organisation. Each is different, because its number is in it.
pub(crate) fn owner(universe: &Universe, owner: usize) -> String {
    let mut dice = universe.dice(Stream::Name, 1 << 42 | owner);
    if owner >= universe.users {
        let number = owner - universe.users;
        let (place, kind) = (dice.pick(PLACES), dice.pick(ORGANIZATIONS));
        return format!("{place}-{kind}-{}", base36(number));
    }
    let (first, last) = (dice.pick(FIRST), dice.pick(LAST));
    match dice.below(4) {
        0 => format!("{first}-{last}-{}", base36(owner)),
        1 => format!("{first}{}", base36(owner + 36 * 36)),
        2 => format!("{}{last}-{}", &first[..1], base36(owner)),
        _ => format!("{first}{last}-{}", base36(owner)),
    }
}

/// The full name that an owner shows.
pub(crate) fn full_name(universe: &Universe, owner: usize) -> String {
    let mut dice = universe.dice(Stream::Name, 1 << 42 | owner);
    let (first, second) = match owner >= universe.users {
        true => (dice.pick(PLACES), dice.pick(ORGANIZATIONS)),
        false => (dice.pick(FIRST), dice.pick(LAST)),
    };
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    format!("{} {}", capital(first), capital(second))
}

fn size_word(parameters: u64) -> String {
    match parameters {
        0 => String::new(),
        1..1_000_000_000 => format!("{}M", (parameters / 1_000_000).max(1)),
        _ => format!("{}B", parameters / 1_000_000_000),
    }
}

/// The name of a model, made from that of its parent.
pub(crate) fn model(universe: &Universe, index: usize, model: &Model, parent: &str) -> String {
    let mut dice = universe.dice(Stream::Name, index);
    let topic = |dice: &mut Dice| TOPICS[dice.below(TOPICS.len())];
    // Names grow with each generation, but not for ever.
    let parent: String = parent.chars().take(52).collect();
    let parent = parent.trim_end_matches(['-', '.', '_']);
    match model.relation {
        Relation::Base => {
            if index < FAMOUS.len() {
                return FAMOUS[index].to_owned();
            }
            let task = universe.tasks.words.get(model.task as usize).map(String::as_str);
            if task == Some("reinforcement-learning") {
                return format!("{}-{}", dice.pick(&["ppo", "dqn", "q", "a2c", "sac", "poca"]), dice.pick(GAMES));
            }
            if model.task == NONE && dice.chance(0.45) {
                return format!(
                    "{}{}",
                    dice.pick(PLAIN),
                    [String::new(), format!("-{}", dice.below(30))][dice.below(2)]
                );
            }
            let size = size_word(model.parameters);
            let middle = if size.is_empty() { String::new() } else { format!("-{size}") };
            format!("{}{middle}-{}-{}", dice.pick(FAMILIES), dice.pick(VARIANTS), topic(&mut dice))
        }
        Relation::Finetune => match dice.below(3) {
            0 => format!("{parent}-finetuned-{}", topic(&mut dice)),
            1 => format!("{parent}-{}-{}", topic(&mut dice), dice.pick(VARIANTS)),
            _ => format!("{}-{parent}", topic(&mut dice)),
        },
        Relation::Adapter => {
            format!("{parent}-{}-{}", dice.pick(&["lora", "qlora", "adapter", "peft"]), topic(&mut dice))
        }
        Relation::Quantized => {
            format!(
                "{parent}-{}",
                dice.pick(&["GGUF", "GGUF", "i1-GGUF", "AWQ", "GPTQ-Int4", "4bit-mlx", "8bit", "FP8"])
            )
        }
        Relation::Merge => format!("{parent}-{}-{}", topic(&mut dice), dice.pick(&["slerp", "ties", "dare", "merge"])),
    }
}

/// The name of a dataset or a Space.
pub(crate) fn other(universe: &Universe, repository: usize, is_space: bool, vocabulary: &Weighted) -> String {
    let mut dice = universe.dice(Stream::Name, repository);
    let (first, second) = (word(dice.below(TOPICS.len())), word(vocabulary.draw(&mut dice)));
    let last = match is_space {
        true => dice.pick(&["demo", "chat", "space", "playground", "app", "explorer", "studio", "arena"]),
        false => dice.pick(&["dataset", "corpus", "instruct", "qa", "pairs", "images", "speech", "bench", "raw", "v2"]),
    };
    format!("{first}-{second}-{last}")
}

/// Prose of about so many characters, about a subject.
pub(crate) fn prose(dice: &mut Dice, laws: &Prose, subject: &str, length: usize) -> String {
    let mut text = String::with_capacity(length + 40);
    let mut in_sentence = 0;
    while text.len() < length {
        let number = laws.common.draw(dice);
        let spoken = match dice.below(10) {
            0 => laws.rare[laws.words.draw(dice)].as_str(),
            1 if in_sentence == 3 => subject,
            _ => COMMON[number],
        };
        if in_sentence == 0 && !text.is_empty() {
            text.push_str(if dice.chance(0.15) { "\n\n" } else { " " });
        } else if in_sentence > 0 {
            text.push(' ');
        }
        text.push_str(spoken);
        in_sentence += 1;
        if in_sentence > 8 && dice.chance(0.2) {
            text.push('.');
            in_sentence = 0;
        }
    }
    text
}

/// What prose is made of.
pub(crate) struct Prose {
    common: Weighted,
    words: Weighted,
    rare: Vec<String>,
}

impl Prose {
    pub(crate) fn new() -> Self {
        Self {
            common: Weighted::by_rank(COMMON.len(), 0.9, 2.0),
            words: Weighted::by_rank(VOCABULARY, 0.95, 3.0),
            rare: (0..VOCABULARY).map(word).collect(),
        }
    }
}
