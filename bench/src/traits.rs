//! How models come to their tasks, libraries, licences and languages: by inheritance where there is a parent, and so that
//! the published shares hold over all of them.

use std::collections::BTreeMap;

use crate::random::{Dice, Stream, Weighted};
use crate::universe::{Model, NONE, Relation, Universe};

/// A trait as the published numbers describe it.
pub(crate) struct Trait<'a> {
    /// How common each value is.
    pub(crate) weights: &'a [f64],
    /// The share of all models that declare one.
    pub(crate) declared: f64,
    /// The share among models that others derive from.
    pub(crate) declared_by_parents: f64,
    /// How often a child declares one if its parent does.
    pub(crate) inherited: f64,
    /// How often it is another one then.
    pub(crate) mutation: f64,
}

/// The value of each model, or [`NONE`].
pub(crate) fn assign(of: &Trait<'_>, models: &[Model], has_children: &[bool], seed: u64) -> Vec<u32> {
    let draw = Weighted::new(of.weights.iter().copied());
    let mut values = vec![NONE; models.len()];
    let mut counts = vec![0.0; of.weights.len()];
    for (index, model) in models.iter().enumerate() {
        let mut dice = Dice::new(seed, Stream::Trait, index as u64);
        let inherited = values.get(model.parent as usize).copied().unwrap_or(NONE);
        values[index] = if inherited != NONE && model.relation != Relation::Base {
            if !dice.chance(of.inherited) {
                NONE
            } else if dice.chance(of.mutation) {
                other_than(inherited, &draw, &mut dice)
            } else {
                inherited
            }
        } else if has_children[index] {
            if dice.chance(of.declared_by_parents) { draw.draw(&mut dice) as u32 } else { NONE }
        } else if model.relation != Relation::Base {
            if dice.chance(of.declared * 0.5) { draw.draw(&mut dice) as u32 } else { NONE }
        } else {
            continue;
        };
        if let Some(count) = counts.get_mut(values[index] as usize) {
            *count += 1.0;
        }
    }
    // All others declare so often, and such values, that the shares over all models come out right.
    let rest =
        models.iter().zip(has_children).filter(|(model, has)| model.relation == Relation::Base && !**has).count();
    let wanted = of.declared * models.len() as f64;
    let sum: f64 = of.weights.iter().sum();
    let missing: Vec<f64> =
        of.weights.iter().zip(&counts).map(|(weight, count)| (wanted * weight / sum - count).max(0.0)).collect();
    let share = (wanted - counts.iter().sum::<f64>()).max(0.0) / rest.max(1) as f64;
    let draw = Weighted::new(missing);
    for (index, model) in models.iter().enumerate() {
        if model.relation == Relation::Base && !has_children[index] {
            let mut dice = Dice::new(seed ^ 0x55, Stream::Trait, index as u64);
            values[index] = if dice.chance(share) { draw.draw(&mut dice) as u32 } else { NONE };
        }
    }
    values
}

/// Another value. Where there is only one common value, it may come out the same after some tries.
fn other_than(value: u32, draw: &Weighted, dice: &mut Dice) -> u32 {
    (0..20).map(|_| draw.draw(dice) as u32).find(|other| *other != value).unwrap_or(value)
}

/// The library of each model follows from what it is and does; the rest is shared out so that the published shares hold.
pub(crate) fn libraries(universe: &Universe, tasks: &[u32]) -> anyhow::Result<Vec<u32>> {
    let number: BTreeMap<&str, u32> =
        universe.libraries.words.iter().enumerate().map(|(at, word)| (word.as_str(), at as u32)).collect();
    let known = |word: &str| number.get(word).copied().unwrap_or(NONE);
    let mut values = vec![NONE; universe.models.len()];
    let mut counts = vec![0.0; universe.libraries.words.len()];
    let mut open = Vec::new();
    for (index, model) in universe.models.iter().enumerate() {
        let mut dice = universe.dice(Stream::Trait, 1 << 40 | index);
        let task = universe.tasks.words.get(tasks[index] as usize).map(String::as_str);
        let forced = match (model.relation, task) {
            (Relation::Adapter, Some("text-to-image")) => Some("diffusers"),
            (Relation::Adapter, _) if dice.chance(0.87) => Some("peft"),
            (_, Some("reinforcement-learning")) => match dice.below(100) {
                0..36 => Some("stable-baselines3"),
                36..54 => Some("ml-agents"),
                54..64 => Some("sample-factory"),
                _ => None,
            },
            (_, Some("text-to-image")) => Some("diffusers"),
            (_, Some("sentence-similarity")) => Some("sentence-transformers"),
            (_, Some("robotics")) => Some("lerobot"),
            (_, Some("text-generation" | "text-classification" | "fill-mask")) if dice.chance(0.9) => {
                Some("transformers")
            }
            (_, None) => None,
            (_, Some(_)) if dice.chance(0.55) => Some("transformers"),
            _ => None,
        };
        let is_decided = forced.is_some() || task == Some("reinforcement-learning");
        values[index] = forced.map_or(NONE, known);
        if let Some(count) = counts.get_mut(values[index] as usize) {
            *count += 1.0;
        }
        if !is_decided {
            open.push(index);
        }
    }
    let wanted = universe.parameters.number("declared", "library")? * universe.models.len() as f64;
    let sum: f64 = universe.libraries.weights.iter().sum();
    let missing: Vec<f64> = universe
        .libraries
        .weights
        .iter()
        .zip(&counts)
        .map(|(weight, count)| (wanted * weight / sum - count).max(0.0))
        .collect();
    let share = (wanted - counts.iter().sum::<f64>()).max(0.0) / open.len().max(1) as f64;
    let draw = Weighted::new(missing);
    for index in open {
        let mut dice = universe.dice(Stream::Trait, 1 << 41 | index);
        if dice.chance(share) {
            values[index] = draw.draw(&mut dice) as u32;
        }
    }
    Ok(values)
}
