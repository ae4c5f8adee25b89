//! Media types of repository files, chosen so that no browser runs them on Hearth's origin.

/// The type under which a file is served, by its name. Whatever could run script is plain text; what is not known is
/// bytes. Images stay images, SVG too: under the policy of [`user_content`](crate::user_content) it cannot run script.
pub fn media_type_of(file_name: &str) -> &'static str {
    let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "json" | "ipynb" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "ico" => "image/x-icon",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "flac" => "audio/flac",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "m4a" => "audio/mp4",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mkv" => "video/x-matroska",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "tar" => "application/x-tar",
        "wasm" => "application/wasm",
        "txt" | "md" | "markdown" | "rst" | "csv" | "tsv" | "jsonl" | "ndjson" | "yaml" | "yml" | "toml" | "ini"
        | "cfg" | "conf" | "py" | "rs" | "c" | "h" | "cc" | "cpp" | "hpp" | "cu" | "java" | "go" | "rb" | "sh"
        | "js" | "mjs" | "ts" | "tsx" | "jsx" | "css" | "html" | "htm" | "xhtml" | "xml" | "xsl" | "svgz" | "log"
        | "tex" | "bib" | "jinja" | "gitattributes" | "gitignore" | "lock" | "license" => "text/plain; charset=utf-8",
        _ => match file_name.rsplit('/').next().unwrap_or_default() {
            "LICENSE" | "README" | "Dockerfile" | "Makefile" | "NOTICE" | "COPYING" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::media_type_of;

    #[test]
    fn nothing_that_runs_is_served_as_such() {
        for name in ["a.html", "A.HTM", "x.xhtml", "x.xml", "app.js", "a/b/page.Html", "x.svgz"] {
            assert_eq!(media_type_of(name), "text/plain; charset=utf-8", "{name}");
        }
        assert_eq!(media_type_of("model.safetensors"), "application/octet-stream");
        assert_eq!(media_type_of("config.json"), "application/json");
        assert_eq!(media_type_of("noending"), "application/octet-stream");
    }
}
