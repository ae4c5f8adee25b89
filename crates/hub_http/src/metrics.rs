//! Figures for Prometheus, in its text format: requests, bytes, the process.
//!
//! A handful of series with bounded labels (method, route pattern, status) needs no library: a map behind a lock that
//! is held for a hash lookup.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Upper bounds of the buckets of request durations, in seconds.
const BUCKETS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];

/// The figures of one process.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Figures>);

#[derive(Debug)]
struct Figures {
    version: &'static str,
    started: Instant,
    in_flight: AtomicI64,
    connections: AtomicI64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    routes: Mutex<HashMap<String, BTreeMap<&'static str, Series>>>,
    counters: Mutex<Vec<Counter>>,
}

/// The requests of one method on one route.
#[derive(Debug, Default)]
struct Series {
    by_status: BTreeMap<u16, u64>,
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
    count: u64,
}

/// A request that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// A figure of a face that only grows.
#[derive(Clone, Debug)]
pub struct Counter {
    name: &'static str,
    help: &'static str,
    value: Arc<AtomicU64>,
}

impl Counter {
    /// Adds to it.
    pub fn add(&self, by: u64) {
        self.value.fetch_add(by, Ordering::Relaxed);
    }
}

/// Counts one for as long as it lives.
#[derive(Debug)]
pub struct Gauge(Metrics, fn(&Figures) -> &AtomicI64);

impl Drop for Gauge {
    fn drop(&mut self) {
        (self.1)(&self.0.0).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Starts counting, and the clock of the uptime.
    pub fn new(version: &'static str) -> Self {
        Self(Arc::new(Figures {
            version,
            started: Instant::now(),
            in_flight: AtomicI64::new(0),
            connections: AtomicI64::new(0),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            routes: Mutex::default(),
            counters: Mutex::default(),
        }))
    }

    /// A counter under a name of its own, which ends with `_total`. Asked for again, it is the same counter.
    pub fn counter(&self, name: &'static str, help: &'static str) -> Counter {
        let mut counters = self.0.counters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = counters.iter().find(|counter| counter.name == name) {
            return known.clone();
        }
        let counter = Counter { name, help, value: Arc::default() };
        counters.push(counter.clone());
        counter
    }

    /// Shows a counter that is kept elsewhere, under a name that ends with `_total`.
    pub fn watch(&self, name: &'static str, help: &'static str, value: Arc<AtomicU64>) {
        let mut counters = self.0.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.retain(|counter| counter.name != name);
        counters.push(Counter { name, help, value });
    }

    /// Counts an open connection until the gauge is dropped.
    pub fn connection(&self) -> Gauge {
        self.gauge(|figures| &figures.connections)
    }

    pub(crate) fn request(&self) -> Gauge {
        self.gauge(|figures| &figures.in_flight)
    }

    fn gauge(&self, field: fn(&Figures) -> &AtomicI64) -> Gauge {
        field(&self.0).fetch_add(1, Ordering::Relaxed);
        Gauge(self.clone(), field)
    }

    pub(crate) fn count(&self, ended: Ended<'_>) {
        self.0.bytes_in.fetch_add(ended.bytes_in, Ordering::Relaxed);
        self.0.bytes_out.fetch_add(ended.bytes_out, Ordering::Relaxed);
        let mut routes = self.0.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if !routes.contains_key(ended.route) {
            routes.insert(ended.route.to_owned(), BTreeMap::new());
        }
        let Some(methods) = routes.get_mut(ended.route) else { return };
        let series = methods.entry(ended.method).or_default();
        let seconds = ended.duration.as_secs_f64();
        *series.by_status.entry(ended.status).or_default() += 1;
        series.count += 1;
        series.seconds += seconds;
        for (bucket, bound) in series.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(8 << 10);
        // Writing to a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let figures = &self.0;
        let mut plain = |name: &str, kind: &str, help: &str, value: f64| {
            writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}")
        };
        let load = |value: &AtomicI64| value.load(Ordering::Relaxed) as f64;
        let bytes = |value: &AtomicU64| value.load(Ordering::Relaxed) as f64;
        plain("hearth_http_requests_in_flight", "gauge", "Requests being answered.", load(&figures.in_flight))?;
        plain("hearth_http_connections", "gauge", "Open connections.", load(&figures.connections))?;
        plain("hearth_http_received_bytes_total", "counter", "Bytes of request bodies.", bytes(&figures.bytes_in))?;
        plain("hearth_http_sent_bytes_total", "counter", "Bytes of response bodies.", bytes(&figures.bytes_out))?;
        plain("hearth_uptime_seconds", "gauge", "Time since start.", figures.started.elapsed().as_secs_f64())?;
        for counter in self.0.counters.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            plain(counter.name, "counter", counter.help, bytes(&counter.value))?;
        }
        if let Some(process) = Process::read() {
            plain("process_resident_memory_bytes", "gauge", "Resident memory.", process.resident_bytes as f64)?;
            plain("process_open_fds", "gauge", "Open file descriptors.", process.open_files as f64)?;
        }
        writeln!(out, "# HELP hearth_build_info The version that runs.\n# TYPE hearth_build_info gauge")?;
        writeln!(out, "hearth_build_info{{version=\"{}\"}} 1", figures.version)?;
        self.write_routes(out)
    }

    fn write_routes(&self, out: &mut String) -> std::fmt::Result {
        let routes = self.0.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted: Vec<_> = routes.iter().collect();
        sorted.sort_by_key(|(route, _)| route.as_str());
        let all =
            || sorted.iter().flat_map(|(route, methods)| methods.iter().map(move |(m, series)| (route, m, series)));
        writeln!(out, "# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter")?;
        for (route, method, series) in all() {
            for (status, count) in &series.by_status {
                let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
                writeln!(out, "http_requests_total{{{labels}}} {count}")?;
            }
        }
        let name = "http_request_duration_seconds";
        writeln!(out, "# HELP {name} From the first byte of the request to the last of the answer.")?;
        writeln!(out, "# TYPE {name} histogram")?;
        for (route, method, series) in all() {
            let labels = format!("method=\"{method}\",route=\"{route}\"");
            for (count, bound) in series.buckets.iter().zip(BUCKETS) {
                writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}")?;
            }
            writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", series.count)?;
            writeln!(out, "{name}_sum{{{labels}}} {}\n{name}_count{{{labels}}} {}", series.seconds, series.count)?;
        }
        Ok(())
    }
}

/// What Linux says of this process; nothing elsewhere.
struct Process {
    resident_bytes: u64,
    open_files: u64,
}

impl Process {
    fn read() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        let open_files = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        Some(Self { resident_bytes: kibibytes * 1024, open_files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_have_counters_of_their_own() {
        let metrics = Metrics::new("1.2.3");
        metrics.counter("hearth_things_total", "Things.").add(2);
        metrics.counter("hearth_things_total", "Things.").add(3);
        let text = metrics.render();
        assert_eq!(text.matches("# TYPE hearth_things_total counter").count(), 1);
        assert!(text.contains("\nhearth_things_total 5\n"), "{text}");
    }

    #[test]
    fn requests_are_counted_by_method_route_and_status() {
        let metrics = Metrics::new("1.2.3");
        let gauge = metrics.request();
        let ended = Ended {
            method: "GET",
            route: "/a/{b}",
            status: 200,
            duration: Duration::from_millis(7),
            bytes_in: 3,
            bytes_out: 5,
        };
        metrics.count(ended);
        metrics.count(Ended { status: 404, ..ended });
        let text = metrics.render();
        for line in [
            "hearth_http_requests_in_flight 1",
            "hearth_http_received_bytes_total 6",
            "hearth_build_info{version=\"1.2.3\"} 1",
            "http_requests_total{method=\"GET\",route=\"/a/{b}\",status=\"404\"} 1",
            "http_request_duration_seconds_bucket{method=\"GET\",route=\"/a/{b}\",le=\"0.005\"} 0",
            "http_request_duration_seconds_bucket{method=\"GET\",route=\"/a/{b}\",le=\"0.01\"} 2",
            "http_request_duration_seconds_count{method=\"GET\",route=\"/a/{b}\"} 2",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
        drop(gauge);
        assert!(metrics.render().contains("hearth_http_requests_in_flight 0"));
    }
}
