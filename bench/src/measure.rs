//! Lists, facets and type-ahead over HTTP on the filled catalog, beside the same questions to the database
//! alone in the same run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use hub_db::{Db, DbConfig, Value};

use crate::http::Client;
use crate::parameters::Parameters;
use crate::random::{Dice, Stream, Weighted};
use crate::stopwatch::Stopwatch;
use crate::{words, writes};

/// Where everything is.
pub(crate) struct Plan {
    pub(crate) binary: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) url: String,
    pub(crate) port: u16,
    pub(crate) times: usize,
}

/// A server on the filled database, ended with the bench.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM, so that it writes its snapshot; the wait is bounded by its own drain.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

fn start(plan: &Plan) -> anyhow::Result<(Server, Duration, Duration)> {
    let log = std::fs::File::options().create(true).append(true).open(plan.data.join("bench.log"))?;
    let watch = Stopwatch::start();
    let child = Command::new(&plan.binary)
        .args(["serve", "--listen", &format!("127.0.0.1:{}", plan.port), "--data"])
        .arg(&plan.data)
        .env("HEARTH_STORAGE__METADATA__URL", &plan.url)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", plan.binary.display()))?;
    let mut server = Server(child);
    let address = format!("127.0.0.1:{}", plan.port);
    let mut listening = None;
    loop {
        if let Some(status) = server.0.try_wait()? {
            bail!("the server ended with {status}; see {}", plan.data.join("bench.log").display());
        }
        if let Ok(mut client) = Client::connect(&address) {
            listening.get_or_insert(watch.elapsed());
            // Only the index can answer this.
            if client.get("/api/models-facets?facet=library&limit=1").is_ok_and(|answer| answer.status == 200) {
                return Ok((server, listening.unwrap_or_default(), watch.elapsed()));
            }
        }
        if watch.elapsed() > Duration::from_secs(300) {
            bail!("the index was not ready after five minutes");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn memory_mib(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// Waits until the index of texts holds every repository; how long that took, unless it takes more than an hour.
fn texts(client: &mut Client) -> anyhow::Result<Option<Duration>> {
    let watch = Stopwatch::start();
    while watch.elapsed() < Duration::from_secs(3600) {
        let answer = client.get("/api/search/full-text?q=whisper&limit=1")?;
        let known: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if known.get("isComplete").and_then(serde_json::Value::as_bool) == Some(true) {
            return Ok(Some(watch.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(None)
}

/// Median and the slowest in a hundred, in milliseconds.
fn quantiles(times: &mut [Duration]) -> (f64, f64) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    (at(0.5), at(0.99))
}

/// What is asked: paths, and the same in SQL.
struct Question {
    name: &'static str,
    goal_ms: f64,
    path: Box<dyn Fn(&mut Dice) -> String>,
    sql: Option<Sql>,
}

type Sql = Box<dyn Fn(&mut Dice) -> (String, Vec<Value>)>;

fn questions() -> anyhow::Result<Vec<Question>> {
    let parameters = Parameters::read()?;
    let drawn = |table: &str| {
        let words = parameters.words(table, "of")?;
        let law = Weighted::new(words.weights.iter().copied());
        Ok::<_, anyhow::Error>(move |dice: &mut Dice| words.words[law.draw(dice)].clone())
    };
    let any = |table: &str| {
        let words = parameters.words(table, "of")?.words;
        Ok::<_, anyhow::Error>(move |dice: &mut Dice| words[dice.below(words.len())].clone())
    };
    let tagged = |count: usize, sort: &str, extra: &str| {
        let exists: Vec<String> = (1..=count)
            .map(|n| {
                format!("EXISTS (SELECT 1 FROM repo_tag WHERE repo_tag.tag = ${n} AND repo_tag.repo_id = repo.id)")
            })
            .collect();
        format!(
            "SELECT id FROM repo WHERE kind = 0 AND visibility = 'public' AND {}{extra} ORDER BY {sort} DESC, id DESC LIMIT 30",
            exists.join(" AND ")
        )
    };
    let (task, task_sql) = (any("tasks")?, any("tasks")?);
    let (t, l, g) = (drawn("tasks")?, drawn("libraries")?, drawn("languages")?);
    let (t2, l2, g2) = (drawn("tasks")?, drawn("libraries")?, drawn("languages")?);
    let (one, facet, facet_sql) = (tagged(1, "downloads", ""), any("tasks")?, any("tasks")?);
    let three = tagged(3, "trending", "");
    let typed = |dice: &mut Dice| {
        let word = words::word(dice.below(400));
        word[..word.len().min(2 + dice.below(6))].to_owned()
    };
    Ok(vec![
        Question {
            name: "all models by trending",
            goal_ms: 5.0,
            path: Box::new(|_| "/api/models?limit=30".to_owned()),
            sql: Some(Box::new(|_| {
                let sql = "SELECT id FROM repo WHERE kind = 0 AND visibility = 'public' ORDER BY trending DESC, id DESC LIMIT 30";
                (sql.to_owned(), Vec::new())
            })),
        },
        Question {
            name: "a task, by downloads",
            goal_ms: 5.0,
            path: Box::new(move |dice| format!("/api/models?limit=30&sort=downloads&pipeline_tag={}", task(dice))),
            sql: Some(Box::new(move |dice| (one.clone(), vec![Value::from(task_sql(dice))]))),
        },
        Question {
            name: "task, library and language, by trending",
            goal_ms: 5.0,
            path: Box::new(move |dice| {
                format!("/api/models?limit=30&filter={}&filter={}&filter={}", t(dice), l(dice), g(dice))
            }),
            sql: Some(Box::new(move |dice| {
                (three.clone(), vec![Value::from(t2(dice)), Value::from(l2(dice)), Value::from(g2(dice))])
            })),
        },
        Question {
            name: "parameters from 1 to 8 billion, by likes",
            goal_ms: 5.0,
            path: Box::new(|_| "/api/models?limit=30&sort=likes&num_parameters=min:1B,max:8B".to_owned()),
            sql: Some(Box::new(|_| {
                let sql = "SELECT id FROM repo WHERE kind = 0 AND visibility = 'public' AND parameters BETWEEN 1000000000 AND \
                           8000000000 ORDER BY likes DESC, id DESC LIMIT 30";
                (sql.to_owned(), Vec::new())
            })),
        },
        Question {
            name: "a text in names, by downloads",
            goal_ms: 5.0,
            path: Box::new(move |dice| format!("/api/models?limit=30&sort=downloads&search={}", typed(dice))),
            sql: Some(Box::new(move |dice| {
                let sql = "SELECT id FROM repo WHERE kind = 0 AND visibility = 'public' AND namespace_key || '/' || name_key \
                           LIKE $1 ORDER BY downloads DESC, id DESC LIMIT 30";
                (sql.to_owned(), vec![Value::from(format!("%{}%", typed(dice)))])
            })),
        },
        Question {
            name: "three facets with counts under a task",
            goal_ms: 20.0,
            path: Box::new(move |dice| {
                format!("/api/models-facets?facet=library&facet=license&facet=language&pipeline_tag={}", facet(dice))
            }),
            sql: Some(Box::new(move |dice| {
                let sql = "SELECT other.tag, COUNT(*) FROM repo_tag own JOIN repo ON repo.id = own.repo_id JOIN repo_tag other \
                           ON other.repo_id = own.repo_id WHERE own.tag = $1 AND repo.kind = 0 AND repo.visibility = 'public' \
                           AND (other.tag LIKE 'license:%' OR LENGTH(other.tag) = 2) GROUP BY other.tag";
                (sql.to_owned(), vec![Value::from(facet_sql(dice))])
            })),
        },
        Question {
            name: "full text, two words",
            goal_ms: 30.0,
            path: Box::new(move |dice| {
                let (first, second) = (words::word(dice.below(400)), words::word(dice.below(400)));
                format!("/api/search/full-text?q={first}%20{second}&limit=10")
            }),
            sql: None,
        },
        Question {
            name: "type-ahead over all kinds",
            goal_ms: 10.0,
            path: Box::new(move |dice| format!("/api/quicksearch?q={}&limit=5", typed(dice))),
            sql: Some(Box::new(move |dice| {
                let sql = "SELECT id FROM repo WHERE visibility = 'public' AND name_key LIKE $1 ORDER BY trending DESC LIMIT 20";
                (sql.to_owned(), vec![Value::from(format!("{}%", typed(dice)))])
            })),
        },
    ])
}

pub(crate) async fn run(plan: &Plan) -> anyhow::Result<bool> {
    let mut is_well = true;
    let mut row = |name: &str, figure: String, goal: &str, is_met: bool| {
        is_well &= is_met;
        println!("  {name:<46} {figure:<44} {goal}{}", if is_met { "" } else { "  MISSED" });
    };
    let (server, listening, ready) = start(plan)?;
    row(
        "from start to ready, without a snapshot",
        format!("{:.1} s (listening after {:.0} ms)", ready.as_secs_f64(), listening.as_secs_f64() * 1e3),
        "",
        true,
    );
    drop(server);
    let (server, listening, ready) = start(plan)?;
    row(
        "from start to ready, from its snapshot",
        format!("{:.1} s (listening after {:.0} ms)", ready.as_secs_f64(), listening.as_secs_f64() * 1e3),
        "< 10 s",
        ready < Duration::from_secs(10),
    );
    let db = Db::open(&DbConfig::new(&plan.url)).await?;
    let alone = format!("{:?} alone", db.dialect()).to_lowercase();
    let address = format!("127.0.0.1:{}", plan.port);
    let mut client = Client::connect(&address)?;
    match texts(&mut client)? {
        Some(took) if took > Duration::from_secs(1) => {
            row("until the texts are indexed", format!("{:.0} s", took.as_secs_f64()), "", true);
        }
        Some(_) => {}
        None => row("until the texts are indexed", "more than an hour".to_owned(), "", false),
    }
    let known = questions()?;
    for question in &known {
        let mut dice = Dice::new(7, Stream::Rest, 1);
        let mut times = Vec::with_capacity(plan.times);
        for number in 0..plan.times + 20 {
            let path = (question.path)(&mut dice);
            let watch = Stopwatch::start();
            if let Err(error) = client.ask(&path) {
                row(question.name, error.to_string(), "", false);
                break;
            }
            // The first few fill caches.
            if number >= 20 {
                times.push(watch.elapsed());
            }
        }
        if times.is_empty() {
            continue;
        }
        let (median, p99) = quantiles(&mut times);
        let mut beside = String::new();
        if let Some(sql) = &question.sql {
            let mut dice = Dice::new(7, Stream::Rest, 1);
            let (mut times, whole) = (Vec::new(), Stopwatch::start());
            while times.len() < 40 && whole.elapsed() < Duration::from_secs(8) {
                let (sql, values) = sql(&mut dice);
                let watch = Stopwatch::start();
                match question.name.contains("facets") {
                    true => drop(db.query::<(String, i64)>(&sql, &values).await?),
                    false => drop(db.query::<(i64,)>(&sql, &values).await?),
                }
                times.push(watch.elapsed());
            }
            let (median, p99) = quantiles(&mut times);
            beside = format!(" ({alone} {median:.1} / {p99:.1})");
        }
        let figure = format!("{median:.2} / {p99:.2} ms{beside}");
        row(question.name, figure, &format!("p99 < {} ms", question.goal_ms), p99 < question.goal_ms);
    }
    let (median, p99) = deep_page(&mut client)?;
    row("a page of 100 by cursor, deep in the list", format!("{median:.2} / {p99:.2} ms"), "p99 < 5 ms", p99 < 5.0);
    let (rate, p99) = sustained(&address, Duration::from_secs(10))?;
    row(
        "list requests at once, 8 connections",
        format!("{rate:.0}/s, p99 {p99:.1} ms"),
        ">= 2000/s, p99 < 20 ms",
        rate >= 2000.0 && p99 < 20.0,
    );
    writes(plan, &mut row)?;
    let (now, peak) = (memory_mib(server.0.id(), "VmRSS:"), memory_mib(server.0.id(), "VmHWM:"));
    row("memory of the whole process", format!("{now} MiB now, {peak} MiB at most"), "index < 1024 MiB", now < 1024);
    Ok(is_well)
}

/// The curve of one more repository is drawn by running this at several scales.
pub(crate) fn run_writes(plan: &Plan) -> anyhow::Result<bool> {
    let (server, ..) = start(plan)?;
    let mut is_well = true;
    writes(plan, &mut |name, figure, goal, is_met| {
        is_well &= is_met;
        println!("  {name:<46} {figure:<44} {goal}{}", if is_met { "" } else { "  MISSED" });
    })?;
    drop(server);
    Ok(is_well)
}

fn writes(plan: &Plan, row: &mut impl FnMut(&str, String, &str, bool)) -> anyhow::Result<()> {
    let mut writes = writes::measure(plan)?;
    let (median, p99) = quantiles(&mut writes.created);
    row("one more repository through the API", format!("{median:.2} / {p99:.2} ms"), "", true);
    let (median, p99) = quantiles(&mut writes.visible);
    row("until others find it", format!("{median:.2} / {p99:.2} ms"), "p99 < 1 s", p99 < 1000.0);
    Ok(())
}

/// Follows the links of a list to far inside and measures pages there.
fn deep_page(client: &mut Client) -> anyhow::Result<(f64, f64)> {
    let mut path = "/api/models?limit=1000&sort=createdAt&expand=likes".to_owned();
    for _ in 0..200 {
        let Some(next) = client.ask(&path)?.next else { break };
        path = next.split_once("/api/").map(|(_, rest)| format!("/api/{rest}")).context("a link to the API")?;
    }
    let path = path.replace("limit=1000", "limit=100");
    let mut times = Vec::new();
    let mut at = path.clone();
    for _ in 0..200 {
        let watch = Stopwatch::start();
        let answer = client.ask(&at)?;
        times.push(watch.elapsed());
        at = match answer.next.as_deref().and_then(|next| next.split_once("/api/")) {
            Some((_, rest)) => format!("/api/{rest}"),
            None => path.clone(),
        };
    }
    Ok(quantiles(&mut times))
}

/// How many list requests a second are answered, and how slow the slowest in a hundred is.
fn sustained(address: &str, during: Duration) -> anyhow::Result<(f64, f64)> {
    let parameters = Parameters::read()?;
    let (tasks, libraries) = (parameters.words("tasks", "of")?, parameters.words("libraries", "of")?);
    let asked = AtomicUsize::new(0);
    let watch = Stopwatch::start();
    let times = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8_u64)
            .map(|worker| {
                let (tasks, libraries, asked, watch) = (&tasks.words, &libraries.words, &asked, &watch);
                scope.spawn(move || {
                    let mut client = Client::connect(address)?;
                    let mut dice = Dice::new(11, Stream::Rest, worker);
                    let mut times = Vec::new();
                    while watch.elapsed() < during {
                        let sort = dice.pick(&["downloads", "likes", "trendingScore", "createdAt"]);
                        let (task, library) = (dice.below(tasks.len()), dice.below(libraries.len()));
                        let path = match dice.below(3) {
                            0 => format!("/api/models?limit=20&sort={sort}"),
                            1 => format!("/api/models?limit=20&sort={sort}&pipeline_tag={}", tasks[task]),
                            _ => format!("/api/models?limit=20&sort={sort}&filter={}", libraries[library]),
                        };
                        let one = Stopwatch::start();
                        client.ask(&path)?;
                        times.push(one.elapsed());
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                    anyhow::Ok(times)
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.join().map_err(|_| anyhow::anyhow!("a client failed"))??);
        }
        anyhow::Ok(all)
    });
    let mut times = times?;
    let (_, p99) = quantiles(&mut times);
    Ok((asked.load(Ordering::Relaxed) as f64 / watch.elapsed().as_secs_f64(), p99))
}

/// The folder of the data of the bench.
pub(crate) fn folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))
}
