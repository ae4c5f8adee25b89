//! Holds a filled database against the published statistics: each is printed beside the made-up one.

use std::collections::{HashMap, HashSet};

use hub_db::{Db, DbConfig, args};
use serde::Deserialize;

use crate::parameters::{Parameters, day_ms};

#[derive(Deserialize, Default)]
#[serde(default)]
struct Facts {
    tags: Vec<String>,
    pipeline_tag: Option<String>,
    library_name: Option<String>,
}

struct Model {
    name: String,
    downloads: i64,
    month: i64,
    likes: i64,
    created: i64,
    task: Option<String>,
    license: Option<String>,
    parent: Option<(String, String)>,
}

/// Everything that is compared, by the name that it has in the parameters.
pub(crate) async fn run(url: &str) -> anyhow::Result<bool> {
    let db = Db::open(&DbConfig::new(url)).await?;
    let parameters = Parameters::read()?;
    let floor = day_ms("2022-03-03")?;
    let mut figures: HashMap<&'static str, f64> = HashMap::new();
    let mut models: Vec<Model> = Vec::new();
    let (mut declared_task, mut declared_library, mut declared_language) = (0.0, 0.0, 0.0);
    let (mut text_generation, mut transformers, mut english) = (0.0, 0.0, 0.0);
    let mut links: HashMap<String, u64> = HashMap::new();
    let mut last = i64::MIN;
    loop {
        type Row = (i64, String, String, i64, i64, i64, i64, String);
        let rows: Vec<Row> = db
            .query(
                "SELECT id, namespace, name, downloads_all, downloads, likes, created_ms, facts FROM repo \
                 WHERE id > $1 AND kind = 0 ORDER BY id LIMIT 20000",
                args![last],
            )
            .await?;
        let Some(row) = rows.last() else { break };
        last = row.0;
        for (_, namespace, name, downloads, month, likes, created, facts) in rows {
            let facts: Facts = serde_json::from_str(&facts)?;
            let (mut license, mut parent, mut speaks, mut speaks_english) = (None, None, false, false);
            for tag in &facts.tags {
                if let Some(known) = tag.strip_prefix("license:") {
                    license = Some(known.to_owned());
                } else if let Some(dataset) = tag.strip_prefix("dataset:") {
                    *links.entry(dataset.to_owned()).or_default() += 1;
                } else if let Some((relation, id)) =
                    tag.strip_prefix("base_model:").and_then(|rest| rest.split_once(':'))
                {
                    parent = Some((relation.to_owned(), id.to_owned()));
                } else if tag.len() == 2 && tag.bytes().all(|byte| byte.is_ascii_lowercase()) {
                    speaks = true;
                    speaks_english |= tag == "en";
                }
            }
            declared_task += f64::from(u8::from(facts.pipeline_tag.is_some()));
            declared_library += f64::from(u8::from(facts.library_name.is_some()));
            declared_language += f64::from(u8::from(speaks));
            english += f64::from(u8::from(speaks_english));
            text_generation += f64::from(u8::from(facts.pipeline_tag.as_deref() == Some("text-generation")));
            transformers += f64::from(u8::from(facts.library_name.as_deref() == Some("transformers")));
            let name = format!("{namespace}/{name}");
            models.push(Model { name, downloads, month, likes, created, task: facts.pipeline_tag, license, parent });
        }
    }
    let count = models.len() as f64;
    let share = |test: &dyn Fn(&Model) -> bool| models.iter().filter(|model| test(model)).count() as f64 / count;
    figures.insert("zero_30", share(&|model| model.month == 0));
    figures.insert("below_200", share(&|model| model.downloads < 200));
    figures.insert("license_declared", share(&|model| model.license.is_some()));
    figures.insert("derived", share(&|model| model.parent.is_some()));
    figures.insert("task_declared", declared_task / count);
    figures.insert("library_declared", declared_library / count);
    figures.insert("language_declared", declared_language / count);
    figures.insert("english", english / declared_language);
    figures.insert("text_generation", text_generation / declared_task);
    figures.insert("transformers", transformers / declared_library);
    let licensed = models.iter().filter(|model| model.license.is_some()).count() as f64;
    let with = |license: &str| models.iter().filter(|model| model.license.as_deref() == Some(license)).count() as f64;
    figures.insert("apache", with("apache-2.0") / licensed);
    figures.insert("mit", with("mit") / licensed);

    let mut order: Vec<&Model> = models.iter().collect();
    order.sort_by_key(|model| std::cmp::Reverse(model.downloads));
    let total: f64 = models.iter().map(|model| model.downloads as f64).sum();
    let first = |share: f64| {
        let top = ((count * share).round() as usize).max(1);
        order[..top.min(order.len())].iter().map(|model| model.downloads as f64).sum::<f64>() / total
    };
    figures.insert("top_0_01_percent", first(0.0001));
    figures.insert("top_1_5_percent", first(0.015));
    figures.insert("old_among_first_25", order.iter().take(25).filter(|model| model.created < floor).count() as f64);
    let loved: HashSet<&str> = {
        let mut by_likes: Vec<&Model> = models.iter().collect();
        by_likes.sort_by_key(|model| std::cmp::Reverse(model.likes));
        by_likes.iter().take(25).map(|model| model.name.as_str()).collect()
    };
    let both = order.iter().take(25).filter(|model| loved.contains(model.name.as_str())).count();
    figures.insert("top_25_overlap", both as f64);

    let by_name: HashMap<&str, &Model> = models.iter().map(|model| (model.name.as_str(), model)).collect();
    let edges: Vec<(&Model, &str, &str)> = models
        .iter()
        .filter_map(|model| model.parent.as_ref().map(|(relation, parent)| (model, relation.as_str(), parent.as_str())))
        .collect();
    let of = |relation: &str| edges.iter().filter(|edge| edge.1 == relation).count() as f64 / edges.len() as f64;
    figures.insert("adapter_edges", of("adapter"));
    figures.insert("quantized_edges", of("quantized"));
    let mut children: HashMap<&str, u64> = HashMap::new();
    for edge in edges.iter().filter(|edge| edge.1 != "merge") {
        *children.entry(edge.2).or_default() += 1;
    }
    let mut sizes: Vec<u64> = children.values().copied().collect();
    sizes.sort_by_key(|size| std::cmp::Reverse(*size));
    figures
        .insert("top_10_parents", sizes.iter().take(10).sum::<u64>() as f64 / sizes.iter().sum::<u64>().max(1) as f64);
    let mutated = |of: &dyn Fn(&Model) -> Option<&String>| {
        let (mut both, mut differ) = (0.0, 0.0);
        for (child, _, parent) in edges.iter().filter(|edge| edge.1 == "finetune") {
            if let (Some(own), Some(theirs)) = (of(child), by_name.get(parent).and_then(|parent| of(parent))) {
                both += 1.0;
                differ += f64::from(u8::from(own != theirs));
            }
        }
        differ / both
    };
    figures.insert("license_mutation", mutated(&|model| model.license.as_ref()));
    figures.insert("task_mutation", mutated(&|model| model.task.as_ref()));
    let mut linked: Vec<u64> = links.values().copied().collect();
    linked.sort_by_key(|count| std::cmp::Reverse(*count));
    let all: u64 = linked.iter().sum();
    let singles = linked.iter().filter(|count| **count == 1).count() as f64;
    figures.insert("dataset_singletons", singles / linked.len().max(1) as f64);
    figures.insert(
        "dataset_top_1_percent",
        linked.iter().take(linked.len() / 100).sum::<u64>() as f64 / all.max(1) as f64,
    );
    let (cards,): (i64,) = db
        .query_one("SELECT COUNT(*) FROM git_ref JOIN repo ON repo.id = git_ref.repo_id WHERE repo.kind = 0", args![])
        .await?;
    if cards > 0 {
        figures.insert("card", cards as f64 / count);
    }
    for (word, kind) in [("models", 0_i64), ("datasets", 1), ("Spaces", 2)] {
        let (rows,): (i64,) = db.query_one("SELECT COUNT(*) FROM repo WHERE kind = $1", args![kind]).await?;
        println!("  {rows:>9} {word}");
    }
    let (people,): (i64,) = db.query_one("SELECT COUNT(*) FROM account_user", args![]).await?;
    println!("  {people:>9} people");
    let mut is_well = true;
    println!("  {:<26} {:>9}   published", "statistic", "made up");
    for (name, low, high) in parameters.bounds()? {
        let Some(figure) = figures.get(name.as_str()) else {
            println!("  {name:<26} {:>9}   {low} to {high}  (no cards were written)", "-");
            continue;
        };
        let fits = (low..=high).contains(figure);
        is_well &= fits;
        println!("  {name:<26} {figure:>9.4}   {low} to {high}{}", if fits { "" } else { "  MISSED" });
    }
    Ok(is_well)
}
